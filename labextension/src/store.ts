/**
 * The smallest observable: an immutable state and those who listen to it.
 *
 * It knows neither React nor the DOM, so that models can be tested alone; views read it with `useSyncExternalStore`.
 */
export class Store<S> {
  constructor(initial: S) {
    this._state = initial;
  }

  get state(): S {
    return this._state;
  }

  /** Call `listener` after each change; the answer ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => {
      this._listeners.delete(listener);
    };
  };

  readonly snapshot = (): S => this._state;

  protected set(change: Partial<S>): void {
    this._state = { ...this._state, ...change };
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  private _state: S;
  private readonly _listeners = new Set<() => void>();
}
