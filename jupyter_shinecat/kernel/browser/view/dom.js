// Building the page: elements, text as text, requests to the kernel.

/** An element with attributes and children; strings become text, never markup. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      made.addEventListener(name.slice(2), value);
    } else if (name === 'className') {
      made.className = value;
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, value === true ? '' : String(value));
    }
  }
  made.append(...children);
  return made;
}

/** Enter in a field, unless it ends a word of an input method. */
function onEnter(event, act) {
  if (event.key === 'Enter' && !event.isComposing && event.target.matches('input')) {
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

/** `%1` in a text replaced. */
function fill(text, value) {
  return String(text).replace('%1', () => String(value));
}

function count(number) {
  return Number(number).toLocaleString('en').replace(/,/g, ' ');
}

const PATIENCE_MS = 20000;

/** Asks the kernel; each view has its own names for its questions, since all views hear every answer. */
class Kernel {
  constructor(model, words) {
    this.model = model;
    this.words = words;
    this.waiting = new Map();
    this.prefix = Math.random().toString(36).slice(2);
    this.number = 0;
    this.hear = message => {
      const asked = this.waiting.get(message?.id);
      if (asked) {
        this.waiting.delete(message.id);
        clearTimeout(asked.timer);
        if (message.error) {
          asked.reject(message.error);
        } else {
          asked.resolve(message.ok);
        }
      }
    };
    model.on('msg:custom', this.hear);
  }

  ask(what, content) {
    this.number += 1;
    const id = `${this.prefix}-${this.number}`;
    return new Promise((resolve, reject) => {
      const silent = () => {
        this.waiting.delete(id);
        reject({ what: this.words.no_kernel, do: '', position: null });
      };
      this.waiting.set(id, { resolve, reject, timer: setTimeout(silent, PATIENCE_MS) });
      this.model.send({ ...content, id, ask: what });
    });
  }

  close() {
    this.model.off('msg:custom', this.hear);
    for (const asked of this.waiting.values()) {
      clearTimeout(asked.timer);
    }
    this.waiting.clear();
  }
}
