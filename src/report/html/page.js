'use strict';
(() => {
  const form = document.getElementById('filter');
  const all = [...document.querySelectorAll('.part .card')];
  if (!form || !all.length) return;
  const text = document.getElementById('q');
  const selects = [...form.querySelectorAll('select')];
  const shown = document.getElementById('shown');
  const none = document.getElementById('none');
  const batches = [...document.querySelectorAll('.batch')].map((batch) => ({ batch, cards: [...batch.children] }));
  const parts = [...document.querySelectorAll('.part')];
  const words = new Map();
  const wordsOf = (card) => {
    if (!words.has(card)) words.set(card, card.textContent.toLowerCase());
    return words.get(card);
  };
  const total = all.reduce((sum, card) => sum + Number(card.dataset.n || 1), 0);

  const matches = (card, wanted, parts) =>
    wanted.every(([key, value]) => card.dataset[key].split(' ').includes(value)) &&
    parts.every((part) => wordsOf(card).includes(part));

  const apply = () => {
    const wanted = selects.filter((select) => select.value).map((select) => [select.dataset.key, select.value]);
    const sought = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of all) {
      const fits = matches(card, wanted, sought);
      if (card.hidden === fits) card.hidden = !fits;
      if (fits) count += Number(card.dataset.n || 1);
    }
    for (const { batch, cards } of batches) {
      const left = cards.filter((card) => !card.hidden).length;
      batch.hidden = left === 0;
      // How high a batch is that was not laid out yet.
      batch.style.containIntrinsicBlockSize = `auto ${15 * left}rem`;
    }
    for (const part of parts) part.hidden = !part.querySelector('.card:not([hidden])');
    none.hidden = count > 0;
    const filtered = wanted.length > 0 || sought.length > 0;
    if (filtered) for (const part of parts) if (part.tagName === 'DETAILS' && !part.hidden) part.open = true;
    shown.textContent = filtered ? `${count} of ${total} shown` : `${total} shown`;
  };

  const reset = () => {
    form.reset();
    apply();
  };

  let waiting;
  text.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, all.length > 1000 ? 200 : 0);
  });
  form.addEventListener('change', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('all').addEventListener('click', reset);

  // A line of the map filters for it.
  const line = form.querySelector('select[data-key="l"]');
  for (const cell of document.querySelectorAll('a[data-line]')) {
    cell.addEventListener('click', () => {
      form.reset();
      if (line) line.value = cell.dataset.line;
      apply();
    });
  }

  // A link to a difference that the filter hides shows it.
  const reveal = () => {
    const card = document.getElementById(location.hash.slice(1));
    if (!card || !card.classList.contains('card')) return;
    if (card.hidden) reset();
    const part = card.closest('details.part');
    if (part) part.open = true;
    card.scrollIntoView();
  };
  addEventListener('hashchange', reveal);

  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      text.focus();
    } else if (event.key === 'Escape' && event.target === text) {
      reset();
    }
  });

  // Paper has no clicks: everything is open on it.
  const closed = [];
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details:not([open])')) {
      details.open = true;
      closed.push(details);
    }
  });
  addEventListener('afterprint', () => {
    while (closed.length) closed.pop().open = false;
  });

  form.hidden = false;
  apply();
  reveal();
})();
