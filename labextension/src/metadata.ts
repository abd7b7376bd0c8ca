import { isDoc } from './documents';
import { formatNumber } from './format';

/** A line of the metadata tree. */
export interface Node {
  /** Unique in the tree; keys may hold any character, so the parts are JSON. */
  readonly id: string;
  readonly key: string;
  /** 1 for the outermost lines. */
  readonly level: number;
  readonly text: string;
  /** The value in SI units, for the hover text; '' where it says nothing new. */
  readonly si: string;
  readonly parent: string | null;
  readonly expandable: boolean;
  readonly expanded: boolean;
  readonly position: number;
  readonly siblings: number;
}

const PAIRS = [
  ['value', 'unit'],
  ['v', 'u']
] as const;
const SI = ['valueSI', 'unitSI'];
const SHOWN_VALUES = 8;
const MAX_TEXT = 2000;
/** A group with more members than this shows the first ones only; the rest is counted. */
export const MAX_CHILDREN = 500;

function isPlain(value: unknown): boolean {
  return !isDoc(value) && !(Array.isArray(value) && value.some(item => isDoc(item) || Array.isArray(item)));
}

function plainText(value: unknown): string {
  if (typeof value === 'number') {
    return formatNumber(value);
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, SHOWN_VALUES).map(plainText);
    return `[${shown.join(', ')}${value.length > SHOWN_VALUES ? `, … ${value.length}` : ''}]`;
  }
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '–' : JSON.stringify(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function withUnit(value: unknown, unit: unknown): string {
  const text = plainText(value);
  return typeof unit === 'string' && unit ? `${text} ${unit}` : text;
}

interface Reading {
  readonly text: string;
  readonly si: string;
  /** Members that the text does not tell already. */
  readonly members: readonly (readonly [string, unknown])[];
}

/** How a value reads: `{value, unit}` and `{v, u}` as one quantity, lists of plain values in one line, the rest by its members. */
export function read(value: unknown): Reading {
  if (isPlain(value)) {
    return { text: plainText(value), si: '', members: [] };
  }
  if (Array.isArray(value)) {
    return { text: `[${value.length}]`, si: '', members: value.map((item, index) => [String(index), item] as const) };
  }
  const doc = value as Readonly<Record<string, unknown>>;
  const entries = Object.entries(doc);
  for (const [valueKey, unitKey] of PAIRS) {
    const unit = doc[unitKey];
    const unitFits = unit === undefined || unit === null || typeof unit === 'string';
    if (valueKey in doc && isPlain(doc[valueKey]) && unitFits) {
      const text = withUnit(doc[valueKey], unit);
      const si = 'valueSI' in doc ? withUnit(doc.valueSI, doc.unitSI) : '';
      const told = [valueKey, unitKey, ...SI];
      return { text, si: si === text ? '' : si, members: entries.filter(([key]) => !told.includes(key)) };
    }
  }
  return { text: '', si: '', members: entries };
}

function matches(key: string, value: unknown, needle: string, depth: number): boolean {
  if (key.toLowerCase().includes(needle)) {
    return true;
  }
  const { text, members } = read(value);
  return text.toLowerCase().includes(needle) || (depth < 30 && members.some(([k, v]) => matches(k, v, needle, depth + 1)));
}

/**
 * The visible lines, outermost first.
 *
 * @param open - ids of the open groups. While `filter` is not empty, groups with a hit inside are open too.
 * @param filter - shows only what has this text in its key or value, and the groups around it.
 */
export function visibleNodes(metadata: unknown, open: ReadonlySet<string>, filter = ''): Node[] {
  const needle = filter.trim().toLowerCase();
  const nodes: Node[] = [];
  const add = (members: Reading['members'], path: readonly string[], all: boolean): void => {
    const hits = all ? members : members.filter(([key, value]) => matches(key, value, needle, 0));
    const shown = hits.slice(0, MAX_CHILDREN);
    shown.forEach(([key, value], index) => {
      const own = [...path, key];
      const id = JSON.stringify(own);
      const { text, si, members: inner } = read(value);
      const expandable = inner.length > 0;
      const keyHit = all || key.toLowerCase().includes(needle) || text.toLowerCase().includes(needle);
      const expanded = expandable && (open.has(id) || !keyHit);
      const parent = path.length ? JSON.stringify(path) : null;
      nodes.push({
        id,
        key,
        level: own.length,
        text,
        si,
        parent,
        expandable,
        expanded,
        position: index + 1,
        siblings: shown.length
      });
      if (expanded) {
        add(inner, own, keyHit);
      }
    });
    if (hits.length > shown.length) {
      const parent = path.length ? JSON.stringify(path) : null;
      nodes.push({
        id: `${JSON.stringify(path)}…`,
        key: '…',
        level: path.length + 1,
        text: `+${hits.length - shown.length}`,
        si: '',
        parent,
        expandable: false,
        expanded: false,
        position: shown.length + 1,
        siblings: shown.length + 1
      });
    }
  };
  add(read(metadata).members, [], !needle);
  return nodes;
}

/** The groups to open at first: all while they fit in `limit` lines, else only as many levels as do. */
export function firstOpen(metadata: unknown, limit: number): Set<string> {
  let open = new Set<string>();
  for (;;) {
    const closed = visibleNodes(metadata, open).filter(node => node.expandable && !node.expanded);
    const wider = new Set([...open, ...closed.map(node => node.id)]);
    if (!closed.length || visibleNodes(metadata, wider).length > limit) {
      return open;
    }
    open = wider;
  }
}
