import { caretDownIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import { Component, type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { failureOf } from '../../core/wire/failure.js';
import { useFold } from '../context/foldMemory.js';
import type { IPanelSections } from '../session/tokens.js';
import { FailureNote } from './failureNote.js';

/** A part of the panel under a heading that folds it away; it stays as the user left it. */
export function Section({ section, view, now }: Section.IProps) {
  const [open, setOpen] = useFold(section.id, section.isOpen?.(view) ?? true);
  const id = useId();
  return (
    <section className="jp-SaturnPanel-section" aria-labelledby={`${id}-title`} data-section={section.id}>
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
          <span id={`${id}-title`}>{section.title}</span>
          <span className="jp-SaturnPanel-summary">{section.summary?.(view)}</span>
        </button>
      </h3>
      <div id={`${id}-body`} className="jp-SaturnPanel-sectionBody" hidden={!open}>
        {open && (
          <Guard>
            {section.component ? (
              <section.component view={view} now={now} />
            ) : (
              <WidgetHost create={section.createWidget} />
            )}
          </Guard>
        )}
      </div>
    </section>
  );
}

export namespace Section {
  export interface IProps extends IPanelSections.IContent {
    section: IPanelSections.Section;
  }
}

/** Keeps what one section throws from the others. */
class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override state: { error: unknown } = { error: undefined };

  override render() {
    return this.state.error === undefined ? (
      this.props.children
    ) : (
      <FailureNote failure={failureOf(this.state.error)} />
    );
  }
}

function WidgetHost({ create }: { create: () => Widget }) {
  const host = useRef<HTMLDivElement>(null);
  // A layout effect ends while the host is still in the document, as detaching a widget requires.
  useLayoutEffect(() => {
    const widget = create();
    Widget.attach(widget, host.current as HTMLDivElement);
    return () => widget.dispose();
  }, [create]);
  return <div ref={host} />;
}
