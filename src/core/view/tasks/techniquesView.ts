import type { Rendered, SessionState, TechniqueSpec } from '../../wire/messages.js';
import { BUILT_IN_TECHNIQUES } from '../../wire/techniqueCatalogue.js';
import { display, lead, sentence, tablePart } from '../format/display.js';
import { listing, NOTHING, plural } from '../format/format.js';
import { usableTechniques } from './taskChecks.js';

const HOW =
  'Add one with `%saturn technique register module:Class`, or a cell that begins with `%%saturn technique NAME`.';

/** The user's own techniques, and how many tasks each technique can run. */
export function techniquesView(state: SessionState): Rendered {
  const own = state.techniques ?? [];
  const usable = usableTasks(state);
  const names = [...new Set([...usable.keys(), ...own.map(({ name }) => name)])];
  const built = state.tasks.filter(task => task.inspection !== undefined).length;
  return display('techniques', [
    lead(
      own.length === 0
        ? 'No techniques of your own.'
        : `${plural(own.length, 'technique')} of your own: ${listing(own.map(({ name }) => name))}.`
    ),
    names.length > 0 &&
      tablePart({
        columns: [{ label: 'Technique' }, { label: 'From' }, { label: 'Can run', align: 'right' }],
        rows: names.map(name => [
          { text: name, title: BUILT_IN_TECHNIQUES.get(name)?.summary },
          origin(own.find(technique => technique.name === name)) ?? packageOf(state, name) ?? 'built in',
          built === 0 ? NOTHING : `${usable.get(name) ?? 0} of ${plural(built, 'task')}`
        ])
      }),
    own.length === 0
      ? sentence(HOW)
      : sentence('See whether one trains faithfully with `%saturn technique check NAME`.')
  ]);
}

function origin(technique: TechniqueSpec | undefined): string | undefined {
  return technique?.source === undefined ? technique?.target : `a cell: ${technique.target.split(':')[1]}`;
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
