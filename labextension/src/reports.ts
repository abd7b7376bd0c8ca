import { docs, isDoc, text, texts } from './documents';

/** A result on its way to the catalog, as our own server tells of it. */
export interface OutboxEntry {
  readonly key: string;
  readonly name: string;
  readonly state: string;
  readonly pid: string;
  readonly reason: string;
  readonly advice: string;
  readonly inputs: readonly string[];
  /** It waits for a yes (write-back `ask`). */
  readonly asks: boolean;
  /** It waits for the person to say which of these groups shall own it. */
  readonly choices: readonly string[];
}

/** Who this server is at the catalog, and whether the catalog is well. */
export interface Status {
  readonly mode: string;
  readonly user: string;
  readonly catalogOk: boolean;
  readonly catalogMessage: string;
}

export function asEntry(value: unknown): OutboxEntry {
  const doc = isDoc(value) ? value : {};
  return {
    key: text(doc.key),
    name: text(doc.name) || text(doc.key),
    state: text(doc.state),
    pid: text(doc.pid),
    reason: text(doc.reason),
    advice: text(doc.do),
    inputs: texts(doc.inputs),
    asks: doc.asks === true,
    choices: texts(doc.choices)
  };
}

export function asEntries(value: unknown): OutboxEntry[] {
  return docs(isDoc(value) ? value.entries : value)
    .map(asEntry)
    .filter(entry => entry.key);
}

export function asStatus(value: unknown): Status {
  const doc = isDoc(value) ? value : {};
  const catalog = isDoc(doc.catalog) ? doc.catalog : {};
  return {
    mode: text(doc.mode),
    user: text(doc.user),
    catalogOk: catalog.ok !== false,
    catalogMessage: text(catalog.message)
  };
}
