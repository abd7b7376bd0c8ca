// The list of datasets: any number of rows, of which only those on the screen exist.

const ROW_PX = 44;
const BEYOND = 8;
// Browsers end at some 30 million pixels of height.
const MAX_ROWS = 500000;
const AT_ONCE = 2;

class RowList {
  /** `source`: fetch(page), opened(row), toggled(row), isSelected(pid). */
  constructor(words, source) {
    this.words = words;
    this.source = source;
    this.rows = 0;
    this.pageRows = 100;
    this.pages = new Map();
    this.asked = new Set();
    this.shown = new Map();
    this.active = 0;
    this.generation = 0;
    this.spacer = el('div', { className: 'shinecat-spacer', role: 'presentation' });
    this.root = el(
      'div',
      {
        className: 'shinecat-rows',
        role: 'grid',
        'aria-label': words.label,
        'aria-multiselectable': 'true',
        tabindex: '-1',
        onscroll: () => this.later(),
        onkeydown: event => this.key(event)
      },
      this.spacer
    );
    this.seen = new ResizeObserver(() => this.later());
    this.seen.observe(this.root);
  }

  /** New rows from the top: how many there are, and the first page of them. */
  fill(total, first, pageRows) {
    this.generation += 1;
    this.rows = Math.min(total, MAX_ROWS);
    this.pageRows = pageRows;
    this.pages = new Map([[0, first]]);
    this.asked.clear();
    this.active = 0;
    for (const node of this.shown.values()) {
      node.remove();
    }
    this.shown.clear();
    this.spacer.style.height = `${this.rows * ROW_PX}px`;
    this.root.setAttribute('aria-rowcount', this.rows);
    this.root.scrollTop = 0;
    this.draw();
  }

  row(index) {
    return this.pages.get(Math.floor(index / this.pageRows))?.[index % this.pageRows];
  }

  later() {
    if (!this.planned) {
      this.planned = requestAnimationFrame(() => {
        this.planned = 0;
        this.draw();
      });
    }
  }

  window() {
    const first = Math.floor(this.root.scrollTop / ROW_PX);
    const last = Math.ceil((this.root.scrollTop + this.root.clientHeight) / ROW_PX);
    return [Math.max(0, first - BEYOND), Math.min(this.rows, last + BEYOND)];
  }

  draw() {
    const [first, end] = this.window();
    for (const [index, node] of this.shown) {
      const focused = node === document.activeElement;
      if ((index < first || index >= end) && !focused) {
        node.remove();
        this.shown.delete(index);
      }
    }
    for (let index = first; index < end; index += 1) {
      if (!this.shown.has(index)) {
        const node = el('div', { className: 'shinecat-row', role: 'row', 'aria-rowindex': index + 1 });
        node.style.transform = `translateY(${index * ROW_PX}px)`;
        node.addEventListener('click', event => this.click(event, index));
        this.shown.set(index, node);
        this.spacer.append(node);
        this.write(index);
      }
    }
    this.fetch(first, end);
  }

  write(index) {
    const node = this.shown.get(index);
    if (!node) {
      return;
    }
    const row = this.row(index);
    node.tabIndex = index === this.active ? 0 : -1;
    if (!row) {
      node.replaceChildren(el('span', { className: 'shinecat-quiet', role: 'gridcell' }, this.words.loading));
      return;
    }
    const chosen = this.source.isSelected(row.pid);
    node.setAttribute('aria-selected', String(chosen));
    if (node.dataset.pid === row.pid) {
      node.querySelector('input').checked = chosen;
      return;
    }
    node.dataset.pid = row.pid;
    const box = el('input', { type: 'checkbox', tabindex: '-1', 'aria-label': fill(this.words.select, row.name) });
    box.checked = chosen;
    node.replaceChildren(
      el('span', { role: 'gridcell', className: 'shinecat-check' }, box),
      el('span', { role: 'gridcell', className: 'shinecat-name', title: row.name }, row.name),
      el('span', { role: 'gridcell', className: 'shinecat-badge', 'data-type': row.type }, row.type),
      el('span', { role: 'gridcell', className: 'shinecat-quiet shinecat-group' }, row.group),
      el('span', { role: 'gridcell', className: 'shinecat-quiet shinecat-number' }, row.size),
      el('span', { role: 'gridcell', className: 'shinecat-quiet shinecat-number' }, row.time)
    );
  }

  /** Another row is the active one, or another dataset is selected: what is shown says so. */
  refresh() {
    for (const index of this.shown.keys()) {
      this.write(index);
    }
  }

  /** Pages that are looked at now, the first of them first; never more than a few at once. */
  fetch(first, end) {
    for (let page = Math.floor(first / this.pageRows); page * this.pageRows < end; page += 1) {
      if (this.asked.size >= AT_ONCE) {
        return;
      }
      if (this.pages.has(page) || this.asked.has(page)) {
        continue;
      }
      const { generation } = this;
      this.asked.add(page);
      this.source.fetch(page).then(rows => {
        if (generation === this.generation) {
          this.asked.delete(page);
          this.pages.set(page, rows);
          this.refresh();
          this.later();
        }
      }, () => {
        if (generation === this.generation) {
          // Asked again when somebody looks here again.
          setTimeout(() => this.asked.delete(page), 2000);
        }
      });
    }
  }

  click(event, index) {
    const row = this.row(index);
    if (!row) {
      return;
    }
    this.go(index, false);
    if (event.target.matches('input') || event.target.matches('.shinecat-check') || event.ctrlKey || event.metaKey) {
      this.source.toggled(row);
    } else {
      this.source.opened(row);
    }
  }

  go(index, scroll = true) {
    if (!this.rows) {
      return;
    }
    this.active = Math.max(0, Math.min(this.rows - 1, index));
    if (scroll) {
      const top = this.active * ROW_PX;
      if (top < this.root.scrollTop) {
        this.root.scrollTop = top;
      } else if (top + ROW_PX > this.root.scrollTop + this.root.clientHeight) {
        this.root.scrollTop = top + ROW_PX - this.root.clientHeight;
      }
    }
    const before = document.activeElement;
    this.draw();
    this.refresh();
    this.shown.get(this.active)?.focus({ preventScroll: true });
    if (before !== document.activeElement) {
      this.later();
    }
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW_PX) - 1);
    const steps = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.rows - 1
    };
    const row = this.row(this.active);
    if (event.key in steps) {
      if (event.shiftKey && row && !this.source.isSelected(row.pid)) {
        this.source.toggled(row);
      }
      this.go(steps[event.key]);
      const next = this.row(this.active);
      if (event.shiftKey && next && !this.source.isSelected(next.pid)) {
        this.source.toggled(next);
      }
    } else if (event.key === ' ' && row) {
      this.source.toggled(row);
    } else if (event.key === 'Enter' && row) {
      this.source.opened(row);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  close() {
    this.seen.disconnect();
    cancelAnimationFrame(this.planned);
  }
}
