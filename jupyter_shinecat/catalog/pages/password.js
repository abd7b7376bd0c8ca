// Sets a password with the one-time code of a link. The code comes after the # of the address, which browsers send to
// nobody; it leaves the address bar and the history at once.
(() => {
  'use strict';
  const form = document.querySelector('form');
  const field = id => document.getElementById(id);
  const said = form.dataset;
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, '', location.pathname + location.search);
  const code = given.get('code') ?? '';
  const user = given.get('user') ?? '';
  const button = form.querySelector('button');

  function complain(text, where) {
    field('error').textContent = text;
    for (const input of [field('new'), field('again')]) {
      if (input === where) {
        input.setAttribute('aria-invalid', 'true');
      } else {
        input.removeAttribute('aria-invalid');
      }
    }
    where?.focus();
  }

  if (!code || !user) {
    complain(said.incomplete);
    return;
  }
  field('user').value = user;
  button.disabled = false;
  field('new').focus();
  field('show').addEventListener('change', event => {
    for (const input of [field('new'), field('again')]) {
      input.type = event.target.checked ? 'text' : 'password';
    }
  });

  form.addEventListener('submit', async event => {
    event.preventDefault();
    const password = field('new').value;
    if (password.length < Number(said.minimum)) {
      complain(said.short, field('new'));
      return;
    }
    if (password !== field('again').value) {
      complain(said.differ, field('again'));
      return;
    }
    complain('');
    button.disabled = true;
    try {
      const answer = await fetch(said.address, {
        method: 'POST',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username: user, code, new: password })
      });
      if (answer.ok) {
        form.reset();
        form.hidden = true;
        field('done').textContent = said.done;
        field('done').focus();
        return;
      }
      complain({ 400: said.refused, 403: said.wrong, 429: said.often }[answer.status] ?? said.failed);
    } catch {
      complain(said.failed);
    }
    button.disabled = false;
  });
})();
