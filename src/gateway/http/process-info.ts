/** What this process is, as the view of all services shows it. Bound by the composition root. */
export abstract class ProcessInfo {
  /** Modules that run here: `gateway`, `data`, `ml`, `trading`. */
  abstract readonly roles: readonly string[];
  abstract readonly version: string;
}
