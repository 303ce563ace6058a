import { useLayoutEffect, useRef } from 'react';
import { curveSvg } from '../../core/view/curves/curveSvg.js';
import type { Block, Blocks } from '../../core/view/display/block.js';
import { searchSvg } from '../../core/view/display/searchSvg.js';
import { mergedFailures, whereWords } from '../../core/view/format/failures.js';
import { foldedItems, type IList, type IListItem } from '../../core/view/format/list.js';
import { aboutWords, type Remarks, remarksTitle } from '../../core/view/format/remarks.js';
import { useViewContext } from '../context/viewContext.js';
import { FailureNote } from './failureNote.js';
import { GanttHost } from './ganttHost.js';
import { printed } from './printed.js';
import { Table } from './table.js';
import { WithCode } from './withCode.js';

/** What there is to say of a session, in the words of the static displays. */
export function BlockList({ blocks }: { blocks: Blocks }) {
  return blocks.map((block, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: a block is known by its place alone
    block === false ? null : <BlockView key={i} block={printedBlock(block)} />
  );
}

/** What is said, all of it printable; charts see to what they write themselves. */
function printedBlock(block: Block): Block {
  return ['chart', 'search', 'curves'].includes(block.kind) ? block : printed(block);
}

function BlockView({ block }: { block: Block }) {
  const { trans } = useViewContext();
  switch (block.kind) {
    case 'sentence':
      return (
        <p className={`jp-SaturnSentence jp-mod-${block.look}`}>
          <WithCode text={block.text} />
        </p>
      );
    case 'title':
      return (
        <>
          <h3>{block.text}</h3>
          <p className="jp-SaturnSentence jp-mod-muted">{block.under}</p>
        </>
      );
    case 'heading':
      return <h4>{block.text}</h4>;
    case 'table':
      return <Table table={block.table} />;
    case 'list':
      return <List list={block.list} />;
    case 'remarks':
      return <RemarkList title={block.title} remarks={block.remarks} />;
    case 'failures':
      return mergedFailures(block.failures).map(failed => (
        <FailureNote
          key={`${failed.error.code} ${failed.error.message}`}
          failure={failed.error}
          where={whereWords(failed, trans)}
        />
      ));
    case 'chart':
      return <GanttHost input={block.chart} />;
    case 'search':
      return <Picture svg={searchSvg(block.log, trans)?.source ?? ''} />;
    case 'curves':
      return <Picture svg={curveSvg(block.chart, block.size, trans).source} />;
    case 'fold':
      return (
        <details className="jp-SaturnFold">
          <summary>{block.title}</summary>
          <BlockList blocks={block.blocks} />
        </details>
      );
  }
}

/** A sentence and the items it is the sum of; many are folded away. */
export function List({ list }: { list: IList }) {
  const { trans } = useViewContext();
  const folded = foldedItems(list, trans);
  return (
    <div className={`jp-SaturnList${list.tone ? ` jp-mod-${list.tone}` : ''}`} title={list.each?.join('\n')}>
      {list.about && <strong>{list.about}: </strong>}
      <WithCode text={list.text} />
      <Items items={list.items.slice(0, list.most)} />
      {folded !== undefined && (
        <details>
          <summary>{folded}</summary>
          <Items items={list.items.slice(list.most)} />
        </details>
      )}
    </div>
  );
}

function Items({ items }: { items: readonly IListItem[] }) {
  return items.length === 0 ? null : (
    <ul>
      {items.map(({ mark, about, text, more, tone }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal items are told apart by their place alone
        <li key={i} className={tone && `jp-mod-${tone}`}>
          {mark && `${mark} `}
          {about && <strong>{about}: </strong>}
          {text}
          {more && <div className="jp-SaturnPanel-quiet">{more}</div>}
        </li>
      ))}
    </ul>
  );
}

function RemarkList({ title, remarks }: { title: string; remarks: Remarks }) {
  const { trans } = useViewContext();
  return (
    <details className="jp-SaturnFold">
      <summary>{remarksTitle(title, remarks, trans)}</summary>
      <ul>
        {[...remarks].map(([remark, about]) => (
          <li key={remark}>
            {remark} <span className="jp-SaturnPanel-quiet">{aboutWords(about, trans)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A picture that `core/view` has drawn. */
function Picture({ svg }: { svg: string }) {
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (host.current) {
      host.current.innerHTML = svg;
    }
  }, [svg]);
  return <div ref={host} />;
}
