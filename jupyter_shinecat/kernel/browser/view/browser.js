// The browser as a whole.

const TYPING_PAUSE_MS = 300;

class View {
  constructor(model) {
    this.model = model;
    const words = (this.words = model.get('_words'));
    this.kernel = new Kernel(model, words);
    this.query = { text: model.get('_text'), type: '', group: '', order: 'creationTime:desc' };
    this.conditions = [];
    this.run = 0;
    this.list = new RowList(words, {
      fetch: page => this.kernel.ask('page', { ...this.query, page }).then(answer => answer.rows),
      opened: row => void this.open(row.pid),
      toggled: row => this.toggle(row.pid),
      isSelected: pid => this.selected().includes(pid)
    });
    this.box = el('input', {
      type: 'search',
      className: 'shinecat-box',
      'aria-label': words.search,
      placeholder: words.search,
      spellcheck: 'false',
      value: this.query.text,
      oninput: () => {
        clearTimeout(this.pause);
        this.pause = setTimeout(() => this.typed(), TYPING_PAUSE_MS);
      }
    });
    this.type = this.choice('type', words.type);
    this.group = this.choice('group', words.group);
    this.order = this.choice('order', words.order);
    this.order.append(
      el('option', { value: 'creationTime:desc' }, words.newest),
      el('option', { value: 'creationTime:asc' }, words.oldest),
      el('option', { value: 'datasetName:asc' }, words.by_name),
      el('option', { value: 'size:desc' }, words.largest)
    );
    this.line = new ConditionLine(words, text => this.add(text));
    this.trouble = el('div', { className: 'shinecat-trouble', role: 'alert', hidden: true });
    this.found = el('span', { className: 'shinecat-quiet', role: 'status' });
    this.nothing = el('p', { className: 'shinecat-quiet shinecat-nothing', hidden: true }, words.nothing);
    this.marked = el('span');
    this.clear = el(
      'button',
      { type: 'button', className: 'shinecat-button', hidden: true, onclick: () => this.select([]) },
      words.clear
    );
    this.details = el(
      'div',
      { className: 'shinecat-details', role: 'region', 'aria-label': words.details, tabindex: '-1' },
      el('p', { className: 'shinecat-quiet' }, words.hint)
    );
    this.root = el(
      'section',
      // Lab's shortcuts of command mode must not act on keys that are meant for our list.
      { className: 'shinecat-browser', 'aria-label': words.browser, 'data-lm-suppress-shortcuts': 'true' },
      el(
        'form',
        {
          role: 'search',
          className: 'shinecat-head',
          onsubmit: event => event.preventDefault(),
          onkeydown: event => onEnter(event, () => this.typed())
        },
        this.box
      ),
      el('div', { className: 'shinecat-filters' }, this.type, this.group, this.order, this.found),
      this.line.root,
      this.trouble,
      el(
        'div',
        { className: 'shinecat-body' },
        el('div', { className: 'shinecat-left' }, this.list.root, this.nothing),
        this.details
      ),
      el('footer', { className: 'shinecat-foot' }, this.marked, this.clear)
    );
    this.onSelected = () => this.showSelected();
    model.on('change:selected_pids', this.onSelected);
    this.showSelected();
    void this.search();
  }

  choice(name, label) {
    return el('select', {
      'aria-label': label,
      onchange: event => {
        this.query = { ...this.query, [name]: event.target.value };
        void this.search();
      }
    });
  }

  typed() {
    clearTimeout(this.pause);
    this.query = { ...this.query, text: this.box.value };
    void this.search();
  }

  add(condition) {
    const text = this.box.value.trim();
    const first = this.conditions.length === 0;
    this.box.value = first ? `${text}${text ? ' ' : ''}where ${condition}` : `${text} and ${condition}`;
    this.typed();
  }

  async search() {
    const run = (this.run += 1);
    this.root.setAttribute('aria-busy', 'true');
    try {
      const answer = await this.kernel.ask('search', { ...this.query, again: true });
      if (run !== this.run) {
        return;
      }
      this.trouble.hidden = true;
      this.box.removeAttribute('aria-invalid');
      this.conditions = answer.conditions;
      this.found.textContent =
        answer.total === 1 ? this.words.foundOne : fill(this.words.found, count(answer.total));
      this.nothing.hidden = answer.total > 0;
      this.offer(this.type, this.words.all_types, answer.facets.type, this.query.type);
      this.offer(this.group, this.words.all_groups, answer.facets.group, this.query.group);
      this.line.offer(answer.keys);
      this.list.fill(answer.total, answer.rows, answer.page_rows);
    } catch (error) {
      if (run === this.run) {
        this.fail(error);
      }
    } finally {
      if (run === this.run) {
        this.root.setAttribute('aria-busy', 'false');
      }
    }
  }

  /** Say what is wrong; where it is in the search box, mark the place there. */
  fail(error) {
    const said = [error.what, error.do].filter(Boolean).join(' ') || String(error);
    const parts = [el('p', {}, said)];
    if (typeof error.position === 'number') {
      const { text } = this.query;
      this.box.setAttribute('aria-invalid', 'true');
      const place = Math.min(error.position, text.length);
      parts.push(
        el('pre', {}, text.slice(0, place), el('mark', {}, text.slice(place, place + 1) || ' '), text.slice(place + 1))
      );
    } else {
      parts.push(
        el('button', { type: 'button', className: 'shinecat-button', onclick: () => void this.search() }, this.words.again)
      );
    }
    this.trouble.replaceChildren(...parts);
    this.trouble.hidden = false;
  }

  offer(select, all, counts, chosen) {
    const known = counts.some(([value]) => value === chosen);
    const shown = chosen && !known ? [...counts, [chosen, 0]] : counts;
    select.replaceChildren(
      el('option', { value: '' }, all),
      ...shown.map(([value, number]) => el('option', { value }, `${value} (${count(number)})`))
    );
    select.value = chosen;
  }

  async open(pid) {
    const opened = (this.opened = pid);
    this.details.replaceChildren(el('p', { className: 'shinecat-quiet' }, this.words.loading));
    this.root.dataset.open = 'true';
    try {
      const details = await this.kernel.ask('details', { pid });
      if (opened === this.opened) {
        this.details.replaceChildren(
          detailsPage(this.words, details, { closed: () => this.shut(), look: () => this.kernel.ask('look', { pid }) })
        );
        this.details.scrollTop = 0;
      }
    } catch (error) {
      if (opened === this.opened) {
        this.details.replaceChildren(el('p', { role: 'alert' }, [error.what, error.do].filter(Boolean).join(' ')));
      }
    }
  }

  shut() {
    this.opened = null;
    this.details.replaceChildren(el('p', { className: 'shinecat-quiet' }, this.words.hint));
    delete this.root.dataset.open;
    this.list.go(this.list.active);
  }

  selected() {
    return this.model.get('selected_pids');
  }

  toggle(pid) {
    const now = this.selected();
    this.select(now.includes(pid) ? now.filter(other => other !== pid) : [...now, pid]);
  }

  select(pids) {
    this.model.set('selected_pids', pids);
    this.model.save_changes();
  }

  showSelected() {
    const number = this.selected().length;
    this.marked.textContent = fill(this.words.selected, count(number));
    this.clear.hidden = number === 0;
    this.list.refresh();
  }

  close() {
    clearTimeout(this.pause);
    this.model.off('change:selected_pids', this.onSelected);
    this.kernel.close();
    this.list.close();
  }
}

export default {
  render({ model, el: place }) {
    const view = new View(model);
    place.append(view.root);
    return () => view.close();
  }
};
