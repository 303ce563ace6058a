import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TechniqueSpec } from '../../wire/messages.js';
import { BUILT_IN_TECHNIQUES } from '../../wire/techniqueCatalogue.js';
import { type Blocks, lead, sentence, tableBlock } from '../display/block.js';
import { count, listing, NOTHING, taskCount } from '../format/format.js';
import { usableTechniques } from './taskChecks.js';

/** The user's own techniques, and how many tasks each technique can run. */
export function techniquesView(state: SessionState, trans: ITranslation): Blocks {
  const own = state.techniques ?? [];
  const usable = usableTasks(state);
  const names = [...new Set([...usable.keys(), ...own.map(({ name }) => name)])];
  const built = state.tasks.filter(task => task.inspection !== undefined).length;
  return [
    lead(
      own.length === 0
        ? trans.__('No techniques of your own.')
        : trans._n(
            '%2 technique of your own: %3.',
            '%2 techniques of your own: %3.',
            own.length,
            count(own.length),
            listing(
              own.map(({ name }) => name),
              trans
            )
          )
    ),
    names.length > 0 &&
      tableBlock({
        columns: [
          { label: trans.__('Technique') },
          { label: trans.__('From') },
          { label: trans.__('Can run'), align: 'right' }
        ],
        rows: names.map(name => [
          { text: name, title: BUILT_IN_TECHNIQUES.get(name)?.summary },
          origin(
            own.find(technique => technique.name === name),
            trans
          ) ??
            packageOf(state, name) ??
            trans.__('built in'),
          built === 0 ? NOTHING : trans.__('%1 of %2', count(usable.get(name) ?? 0), taskCount(built, trans))
        ])
      }),
    sentence(
      own.length === 0
        ? trans.__(
            'Add one with `%saturn technique register module:Class`, or a cell that begins with `%%%%saturn technique NAME`.'
          )
        : trans.__('See whether one trains faithfully with `%saturn technique check NAME`.')
    )
  ];
}

function origin(technique: TechniqueSpec | undefined, trans: ITranslation): string | undefined {
  return technique?.source === undefined
    ? technique?.target
    : trans.__('a cell: %1', technique.target.split(':')[1] as string);
}

/** The installed package that brings a technique. */
function packageOf({ tasks }: SessionState, name: string): string | undefined {
  const known = tasks.find(({ inspection }) => inspection?.packages?.[name] !== undefined);
  return known?.inspection?.packages?.[name];
}

/** How many tasks each technique can run; those that run none are listed too. */
function usableTasks(state: SessionState): Map<string, number> {
  const usable = new Map<string, number>();
  for (const task of state.tasks) {
    for (const technique of usableTechniques(task)) {
      usable.set(technique, (usable.get(technique) ?? 0) + 1);
    }
  }
  for (const { inspection } of state.tasks) {
    for (const { strategy } of inspection?.feasibility ?? []) {
      usable.set(strategy.technique, usable.get(strategy.technique) ?? 0);
    }
  }
  return usable;
}
