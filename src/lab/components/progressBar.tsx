/** A bar that fills from left to right. */
export function ProgressBar(props: ProgressBar.IProps) {
  const share = Math.min(1, Math.max(0, props.of > 0 ? props.done / props.of : 0));
  return (
    <div
      className="jp-SaturnProgress"
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.of}
      aria-valuenow={props.done}
      aria-valuetext={props.text}
    >
      <div className="jp-SaturnProgress-fill" style={{ width: `${share * 100}%` }} />
    </div>
  );
}

export namespace ProgressBar {
  export interface IProps {
    done: number;
    of: number;
    /** What progresses. */
    label: string;
    /** How far, in words. */
    text: string;
  }
}
