// A dataset's page beside the list.

const IMAGE = /^data:image\/[a-z0-9.+-]+;base64,/i;

function detailsPage(words, details, closed) {
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
    ...(figures.length
      ? [
          el('h4', {}, words.figures),
          ...figures.map(figure =>
            el(
              'figure',
              {},
              el('img', { src: figure.source, alt: figure.caption || words.figures }),
              el('figcaption', {}, figure.caption)
            )
          )
        ]
      : []),
    ...(metadata.length ? [el('h4', {}, words.metadata), el('table', {}, el('tbody', {}, ...metadata))] : [])
  );
}
