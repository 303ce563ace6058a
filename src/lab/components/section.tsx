import { caretDownIcon } from '@jupyterlab/ui-components';
import { type ReactNode, useId, useState } from 'react';

/** A part of the panel under a heading that folds it away. */
export function Section(props: Section.IProps) {
  const [open, setOpen] = useState(true);
  const id = useId();
  return (
    <section className="jp-SaturnPanel-section" aria-labelledby={`${id}-title`} data-section={props.name}>
      <h3 className="jp-SaturnPanel-sectionHeader">
        <button
          type="button"
          aria-expanded={open}
          aria-controls={`${id}-body`}
          onClick={() => setOpen(!open)}
        >
          <caretDownIcon.react
            tag="span"
            className={`jp-SaturnPanel-caret${open ? '' : ' jp-mod-closed'}`}
            aria-hidden="true"
          />
          <span id={`${id}-title`}>{props.title}</span>
          <span className="jp-SaturnPanel-summary">{props.summary}</span>
        </button>
      </h3>
      <div id={`${id}-body`} className="jp-SaturnPanel-sectionBody" hidden={!open}>
        {open && props.children}
      </div>
    </section>
  );
}

export namespace Section {
  export interface IProps {
    /** Stable name, for styles and tests. */
    name: string;
    title: string;
    /** A few words beside the title, seen even when folded. */
    summary?: string;
    children: ReactNode;
  }
}
