import { type ReactNode, useId } from 'react';
import { useFold } from '../context/foldMemory.js';

/** What is shown on demand, under a line that says what it is. It is drawn only while it is open, and stays as it was left. */
export function Fold({ id, title, children }: Fold.IProps) {
  const [open, setOpen] = useFold(id, false);
  const body = useId();
  return (
    <div className="jp-SaturnMore" data-fold={id}>
      <button
        type="button"
        className="jp-SaturnMore-title"
        aria-expanded={open}
        aria-controls={body}
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">{open ? '▾' : '▸'} </span>
        {title}
      </button>
      <div id={body} hidden={!open}>
        {open && children}
      </div>
    </div>
  );
}

export namespace Fold {
  export interface IProps {
    /** Under which it is remembered whether it is open. */
    id: string;
    title: string;
    children: ReactNode;
  }
}
