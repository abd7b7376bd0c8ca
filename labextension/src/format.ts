/** Numbers, sizes and times as scientists read them: the same in every language, so that columns align. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1234567` → `1.23 MB` (powers of 1000, three digits). */
export function formatSize(sizeBytes: number | null): string {
  if (sizeBytes === null) {
    return '';
  }
  let value = sizeBytes;
  let unit = 0;
  // 999.5 would round to 1000 of the smaller unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** An ISO time as `2026-05-01 10:00` in the reader's own time zone; what is no time is shown as it is. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  if (!iso || Number.isNaN(date.getTime())) {
    return iso;
  }
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function formatDay(iso: string): string {
  return formatTime(iso).slice(0, 10);
}

/** A number without the noise of binary fractions: `0.30000000000000004` → `0.3`. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) {
    return Math.abs(value) >= 1e15 ? value.toExponential() : String(value);
  }
  return String(Number(value.toPrecision(12)));
}

/** `12034` → `12,034`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
