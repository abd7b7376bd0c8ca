import { describe, expect, it } from 'vitest';
import { firstOpen, MAX_CHILDREN, read, visibleNodes } from '../src/metadata';

const lines = (metadata: unknown, open = new Set<string>(), filter = '') =>
  visibleNodes(metadata, open, filter).map(node => `${'  '.repeat(node.level - 1)}${node.key}: ${node.text}`);
const all = (metadata: unknown) => firstOpen(metadata, 1000);

describe('read', () => {
  it.each([
    [{ value: 9.5, unit: 'keV' }, '9.5 keV'],
    [{ v: 120, u: 'Hz' }, '120 Hz'],
    [{ value: 0.30000000000000004, unit: 'mm' }, '0.3 mm'],
    [{ value: [1, 2.5], unit: 'K' }, '[1, 2.5] K'],
    [{ value: 'dark', unit: '' }, 'dark'],
    [{ value: 3 }, '3'],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], '[1, 2, 3, 4, 5, 6, 7, 8, … 9]'],
    [null, '–'],
    [true, 'true'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>']
  ])('%j as %s', (value, text) => {
    expect(read(value).text).toBe(text);
  });

  it('tells the SI value apart, and only where it says more', () => {
    const energy = { value: 9.5, unit: 'keV', valueSI: 1.522e-15, unitSI: 'J' };
    expect(read(energy)).toMatchObject({ text: '9.5 keV', si: '1.522e-15 J', members: [] });
    expect(read({ value: 3, unit: 'counts', valueSI: 3, unitSI: 'counts' }).si).toBe('');
  });

  it('keeps what stands beside a quantity', () => {
    expect(read({ value: 1, unit: 'm', comment: 'by hand' })).toMatchObject({
      text: '1 m',
      members: [['comment', 'by hand']]
    });
    expect(read({ value: { nested: 1 }, unit: 'm' }).members).toHaveLength(2);
  });
});

describe('visibleNodes', () => {
  const metadata = { 'photon energy (set)': { value: 9.5, unit: 'keV' }, detector: { 'gap.x': { v: 2, u: 'mm' }, modules: [{ id: 'a' }] } };

  it('shows groups closed until they are opened', () => {
    expect(lines(metadata)).toEqual(['photon energy (set): 9.5 keV', 'detector: ']);
    expect(lines(metadata, all(metadata))).toEqual([
      'photon energy (set): 9.5 keV',
      'detector: ',
      '  gap.x: 2 mm',
      '  modules: [1]',
      '    0: ',
      '      id: a'
    ]);
  });

  it('gives keys with dots, slashes and quotes ids of their own', () => {
    const ids = visibleNodes({ 'a.b': 1, a: { b: 1 }, '["a","b"]': 1 }, new Set(['["a"]'])).map(node => node.id);
    expect(new Set(ids).size).toBe(4);
  });

  it('filters by key and by value and shows the way there', () => {
    expect(lines(metadata, new Set(), 'GAP')).toEqual(['detector: ', '  gap.x: 2 mm']);
    expect(lines(metadata, new Set(), 'kev')).toEqual(['photon energy (set): 9.5 keV']);
    expect(lines(metadata, new Set(), 'nothing')).toEqual([]);
  });

  it('counts what a very wide group leaves out', () => {
    const wide = Object.fromEntries(Array.from({ length: MAX_CHILDREN + 7 }, (_, n) => [`k${n}`, n]));
    const nodes = visibleNodes(wide, new Set());
    expect(nodes).toHaveLength(MAX_CHILDREN + 1);
    expect(nodes.at(-1)?.text).toBe('+7');
  });

  it.each([[null], ['text'], [7], [[]], [{}]])('has no lines for %j', odd => {
    expect(lines(odd)).toEqual([]);
  });

  it('opens as many levels as fit at first', () => {
    const wide = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, n]));
    expect(firstOpen({ small: { x: 1 } }, 40).size).toBe(1);
    expect(firstOpen({ wide }, 40).size).toBe(0);
  });

  it('survives metadata that is very deep', () => {
    let deep: unknown = 1;
    for (let n = 0; n < 5000; n += 1) {
      deep = { inner: deep };
    }
    expect(lines(deep, firstOpen(deep, 40), 'inner').length).toBeGreaterThan(0);
  });
});
