/** Where a training run stands. */
export interface TrainingProgress {
  /** What is being done now, e.g. `fold 3 of 6`. */
  readonly stage: string;
  /** 0 to 1 over the whole run; never goes back. */
  readonly done: number;
}

/**
 * How a run is watched and stopped. Training is one long computation without awaits, so `canceled` is asked,
 * not told: behind it stands a flag in shared memory when the run lives in a worker.
 */
export interface TrainingControl {
  progress(progress: TrainingProgress): void;
  canceled(): boolean;
}

export const uncontrolled: TrainingControl = { progress: () => undefined, canceled: () => false };

/** The run was told to stop; nothing was written. */
export class TrainingCanceled extends Error {
  override readonly name = 'TrainingCanceled';
  constructor() {
    super('training was canceled');
  }
}
