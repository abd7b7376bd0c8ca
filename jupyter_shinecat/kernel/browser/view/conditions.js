// Conditions on metadata: a line to add one, and a chip for each that is in the search box.

const RELATIONS = ['>', '>=', '<', '<=', '=', 'contains'];

function quoted(key) {
  return /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(key) ? key : `\`${key}\``;
}

/** A condition in the language of the search box. */
function written(key, relation, value) {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(\s*[^\s\d].*)?$/.test(value);
  const bare = number && relation !== 'contains';
  const quote = value.includes("'") ? '"' : "'";
  return `${quoted(key)} ${relation} ${bare ? value : quote + value + quote}`;
}

class ConditionLine {
  /** `added(text)` gets the condition to add. */
  constructor(words, added) {
    const id = `shinecat-keys-${Math.random().toString(36).slice(2)}`;
    this.keys = el('datalist', { id });
    this.key = el('input', { list: id, 'aria-label': words.key, placeholder: words.key, spellcheck: 'false' });
    this.relation = el(
      'select',
      { 'aria-label': words.relation },
      ...RELATIONS.map(sign => el('option', { value: sign }, sign === 'contains' ? words.contains : sign))
    );
    this.value = el('input', { 'aria-label': words.value, placeholder: words.value, spellcheck: 'false' });
    this.root = el(
      'form',
      {
        className: 'shinecat-line',
        onsubmit: event => {
          event.preventDefault();
          this.submit(added);
        },
        // A notebook in command mode takes Enter for itself before the form sees it.
        onkeydown: event => onEnter(event, () => this.submit(added))
      },
      this.key,
      this.keys,
      this.relation,
      this.value,
      el('button', { type: 'submit', className: 'shinecat-button' }, `+ ${words.add}`)
    );
  }

  submit(added) {
    const [key, value] = [this.key.value.trim(), this.value.value.trim()];
    if (key && value) {
      added(written(key, this.relation.value, value));
      this.key.value = '';
      this.value.value = '';
    }
  }

  offer(keys) {
    this.keys.replaceChildren(...keys.map(key => el('option', { value: key })));
  }
}
