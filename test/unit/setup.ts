import fc from 'fast-check';

// The same cases each time, so that a failure is somebody's change; others with FC_SEED=<number>.
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) });

// Times of the clock are written down as approved.
process.env.TZ = 'UTC';
