import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import {
  entriesOf,
  isRecalled,
  profileMatrix,
  reasonOf
} from '../../../../src/core/view/profile/profileMatrix.js';
import { profileSentence } from '../../../../src/core/view/profile/profileSentence.js';
import { render } from '../../../../src/core/view/render.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession, profiledSession, profilingSession, T0, variedSession } from '../sessionStates.js';

const kinds = (state: SessionState): Record<string, string[]> =>
  Object.fromEntries(
    profileMatrix(state).classes[0]!.rows.map(row => [row.label, row.entries.map(entry => entry.kind)])
  );

const sentence = (state: SessionState): string => profileSentence(state, profileMatrix(state), ENGLISH);

describe('profileMatrix', () => {
  it('has a row for each technique with its knobs, and tells every state apart', () => {
    const state = variedSession();
    expect(profileMatrix(state).devices).toEqual([1, 2, 4]);
    expect(kinds(state)).toEqual({
      single: ['measured', 'infeasible', 'infeasible'],
      ddp: ['none', 'measured', 'interpolated'],
      fsdp: ['none', 'oom', 'running'],
      'fsdp checkpointing': ['none', 'queued', 'pruned'],
      'pipeline schedule=1f1b micro_batches=4': ['none', 'open', 'open'],
      tensor: ['none', 'failed', 'infeasible'],
      hsdp: ['none', 'infeasible', 'infeasible']
    });
  });

  it('holds a verdict on a technique for each of its knobs', () => {
    const state = variedSession();
    const [task] = state.tasks;
    const strategy = { technique: 'fsdp', devices: 3 };
    task!.inspection!.feasibility.push({ strategy, feasible: false, reason: 'odd' });
    task!.inspection!.feasibility.push({ strategy: { technique: 'ddp', devices: 3 }, feasible: true });
    expect(kinds(state)).toMatchObject({
      fsdp: { 2: 'infeasible' },
      'fsdp checkpointing': { 2: 'infeasible' }
    });
  });

  it('says why, and what is from an earlier session', () => {
    const entries = entriesOf(profileMatrix(variedSession()));
    expect(entries.filter(isRecalled)).toHaveLength(1);
    expect(entries.filter(({ kind }) => kind === 'pruned').map(entry => reasonOf(entry, ENGLISH))).toEqual([
      'fsdp x4 fits, and is faster.'
    ]);
    expect(entries.filter(({ kind }) => kind === 'oom').map(entry => reasonOf(entry, ENGLISH))).toEqual([
      'The device ran out of memory at step 1.'
    ]);
  });

  it('calls tasks of equal speed by what they share', () => {
    const { classes } = profileMatrix(profiledSession());
    expect(classes.map(({ label }) => label)).toEqual([
      ...[
        'mlp batch_size=32',
        'mlp batch_size=64',
        'cnn batch_size=32',
        'cnn batch_size=64',
        'vit batch_size=32',
        'vit batch_size=64'
      ]
    ]);
    expect(classes[0]?.tasks).toEqual(['digits-mlp-32-1e-3', 'digits-mlp-32-3e-3']);
    expect(classes.map(({ best }) => best)).toEqual([0.0025, 0.005, 0.013125, 0.02625, 0.03, 0.06]);
  });

  it('is empty without tasks that are built', () => {
    const state = definedSession();
    const tasks = state.tasks.map(({ inspection: _, ...task }) => task);
    expect(profileMatrix({ ...state, tasks })).toEqual({ devices: [], classes: [] });
  });
});

describe('profileSentence', () => {
  it('counts what was measured of what could be', () => {
    expect(sentence(profilingSession())).toBe('10 of 16 strategies measured, 4 to come.');
    expect(sentence(profiledSession())).toBe('14 of 16 strategies measured.');
    expect(sentence(definedSession())).toBe('0 of 16 strategies measured.');
  });

  it('says why the others are not', () => {
    expect(sentence({ ...profiledSession(), profiled: true })).toBe(
      '14 of 16 strategies measured; the others cannot change the plan.'
    );
    const state = { ...variedSession(), trials: [] };
    expect(sentence(state)).toMatch(/^4 of 10 .* 1 of them in earlier sessions; looking which other/);
    expect(sentence({ ...state, probing: false, profiled: true })).toMatch(/cannot change the plan\.$/);
  });

  it('does not call nothing measured all recalled', () => {
    const state = profiledSession();
    const cells = state.cells.map(cell => ({ ...cell, recalled: true, source: 'measured' as const }));
    expect(sentence({ ...state, cells })).toBe(
      '16 of 16 strategies measured, all of them in earlier sessions.'
    );
  });
});

describe('on unlike nodes', () => {
  /** The first class of {@link profiledSession}, measured on the devices it has and on those of another node. */
  function unlikeSession(): SessionState {
    const state = profiledSession();
    const [node] = state.cluster!.nodes;
    const gpus = (name: string) =>
      node!.devices.map(({ cores: _, ...device }) => ({
        ...device,
        kind: 'cuda' as const,
        name,
        model: `${name}, 1 MiB`
      }));
    const cells = state.cells.map(cell => ({ ...cell, model: 'A100, 1 MiB' }));
    const [first] = cells;
    const slow = { ...first!, model: 'T4, 1 MiB', stepSeconds: 7 };
    return {
      ...state,
      cluster: {
        nodes: [
          { ...node!, devices: gpus('A100') },
          { ...node!, id: 'far', devices: gpus('T4').slice(0, 1) }
        ]
      },
      cells: [...cells, slow]
    };
  }

  it('tasks of equal speed have rows for each model of devices', () => {
    const state = unlikeSession();
    const { classes } = profileMatrix(state);
    const own = classes.filter(({ signature }) => signature === state.cells[0]!.signature);
    expect(own.map(({ on }) => on)).toEqual(['A100', 'T4']);
    expect(own.map(({ rows }) => rows[0]!.entries.map(({ kind }) => kind))).toEqual([
      ['measured', 'none'],
      ['measured', 'none']
    ]);
    expect(own[1]!.best).toBe(7);
    const { text } = render('profile', state, T0, ENGLISH);
    expect(text).toContain(' on A100');
    expect(text).toContain(' on T4');
  });

  it('where devices are alike nothing is said of them', () => {
    const state = unlikeSession();
    const alike = { ...state, cluster: { nodes: state.cluster!.nodes.slice(0, 1) } };
    expect(profileMatrix(alike).classes.every(({ on }) => on === undefined)).toBe(true);
  });
});
