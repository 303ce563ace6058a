import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';

/** One of some parts is shown, by its tab. Arrow keys go from tab to tab, as in any list of tabs. */
export function Tabs<T extends string>(props: Tabs.IProps<T>) {
  const { tabs, current, onChoose } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const go = (event: KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.id === current);
    const next = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    }[event.key];
    const tab = next === undefined ? undefined : tabs[next];
    if (tab && next !== undefined) {
      event.preventDefault();
      onChoose(tab.id);
      list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus();
    }
  };
  return (
    <>
      <div
        ref={list}
        className="jp-SaturnTabs"
        role="tablist"
        aria-label={props.label}
        onKeyDown={go}
        // Lumino takes its arrows for commands of its own otherwise.
        data-lm-suppress-shortcuts="true"
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            data-tab={tab.id}
            aria-selected={tab.id === current}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.label}
            {tab.mark !== undefined && (
              <span className="jp-SaturnTabs-mark" title={tab.mark}>
                <span aria-hidden="true"> ✕</span>
                <span className="jp-SaturnPanel-hidden"> ({tab.mark})</span>
              </span>
            )}
          </button>
        ))}
      </div>
      <div
        className="jp-SaturnTabs-panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${current}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
      >
        {props.children}
      </div>
    </>
  );
}

export namespace Tabs {
  /** A tab. */
  export interface ITab<T extends string> {
    readonly id: T;
    readonly label: string;
    /** What there is to see in it, in words; a sign tells of it. */
    readonly mark?: string;
  }

  export interface IProps<T extends string> {
    label: string;
    tabs: readonly ITab<T>[];
    current: T;
    onChoose: (tab: T) => void;
    /** What the current tab shows. */
    children: ReactNode;
  }
}
