// A dataset's page beside the list.

const IMAGE = /^data:image\/[a-z0-9.+-]+;base64,/i;

function shown(figure, name) {
  return el(
    'figure',
    {},
    el('img', { src: figure.source, alt: figure.caption || name }),
    el('figcaption', {}, figure.caption)
  );
}

/** A button that fetches a picture of the data and gives it its place; what prevents it is said there. */
function quickLook(words, look) {
  const place = el('div', { className: 'shinecat-look', 'aria-live': 'polite' });
  const button = el('button', { type: 'button', className: 'shinecat-button' }, words.look);
  button.addEventListener('click', async () => {
    button.disabled = true;
    place.replaceChildren(el('p', { className: 'shinecat-quiet' }, words.loading));
    try {
      const figure = await look();
      place.replaceChildren(...(IMAGE.test(figure.source) ? [shown(figure, words.look)] : []));
      button.remove();
    } catch (error) {
      place.replaceChildren(el('p', { role: 'alert' }, [error.what, error.do].filter(Boolean).join(' ')));
      button.disabled = false;
    }
  });
  return [button, place];
}

function detailsPage(words, details, { closed, look }) {
  const facts = details.facts.flatMap(([label, text]) => [el('dt', {}, label), el('dd', {}, text)]);
  const metadata = details.metadata.map(([depth, key, value]) => {
    const head = el('th', { scope: 'row' }, key);
    head.style.paddingInlineStart = `${depth * 1.2}em`;
    return el('tr', {}, head, el('td', {}, value ?? ''));
  });
  const figures = details.figures.filter(figure => IMAGE.test(figure.source));
  return el(
    'article',
    { 'aria-label': details.name },
    el(
      'header',
      {},
      el('h3', {}, details.name),
      el('button', { type: 'button', className: 'shinecat-button', 'aria-label': words.close, onclick: closed }, '×')
    ),
    ...(details.description ? [el('p', {}, details.description)] : []),
    el('code', { className: 'shinecat-code' }, `sc.open(${JSON.stringify(details.pid)})`),
    el('dl', {}, ...facts),
    ...quickLook(words, look),
    ...(figures.length
      ? [
          el('h4', {}, words.figures),
          ...figures.map(figure => shown(figure, words.figures))
        ]
      : []),
    ...(metadata.length ? [el('h4', {}, words.metadata), el('table', {}, el('tbody', {}, ...metadata))] : [])
  );
}
