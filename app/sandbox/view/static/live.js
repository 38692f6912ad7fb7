// Follows changes: when the site says that something changed, the page is fetched again and those of its regions that differ are
// replaced, but never one in which somebody is typing. Regions are elements with data-live, which names them.
'use strict';

const indicator = document.getElementById('live');
const dirty = new WeakSet(); // forms that somebody has typed in
const shown = new Map([...document.querySelectorAll('[data-live]')].map((r) => [r, r.innerHTML])); // what the site last sent of a region
let leaving = false;
let running = false;
let again = false;
let source = null;

document.documentElement.classList.add('js');

document.addEventListener('input', (e) => {
  if (e.target.form) dirty.add(e.target.form);
});

document.addEventListener('change', (e) => {
  if (e.target.matches('[data-autosubmit]')) e.target.form.requestSubmit();
});

document.addEventListener('submit', () => { leaving = true; });

window.addEventListener('beforeunload', (e) => {
  if (!leaving && [...document.querySelectorAll('form[data-guard]')].some((f) => dirty.has(f))) e.preventDefault();
});

window.addEventListener('pageshow', () => { leaving = false; });

function busy(region) {
  if ([...region.querySelectorAll('form')].some((f) => dirty.has(f))) return true;
  const at = document.activeElement;
  return region.contains(at) && at.matches('input, select, textarea');
}

// What is open stays open, what is scrolled stays scrolled, and what has the focus keeps it.
function replace(region, next) {
  const open = [...region.querySelectorAll('details')].map((d) => d.open);
  const scrolled = [...region.querySelectorAll('.table-wrap, pre')].map((d) => d.scrollLeft);
  const focusable = 'a, button, summary, [tabindex]';
  const focused = [...region.querySelectorAll(focusable)].indexOf(document.activeElement);
  const parts = 'tr, .chip, .lozenge, .events > li, .comments > li, .ticket, .page-list > li';
  const before = new Set([...region.querySelectorAll(parts)].map((p) => p.textContent));
  region.replaceChildren(...next.childNodes);
  region.querySelectorAll('details').forEach((d, i) => { if (open[i] !== undefined) d.open = open[i]; });
  region.querySelectorAll('.table-wrap, pre').forEach((d, i) => { if (scrolled[i]) d.scrollLeft = scrolled[i]; });
  if (focused >= 0) region.querySelectorAll(focusable)[focused]?.focus({ preventScroll: true });
  region.querySelectorAll(parts).forEach((p) => {
    if (!before.has(p.textContent) && !p.querySelector('table')) p.classList.add('changed');
  });
}

async function refresh() {
  if (running) { again = true; return; }
  running = true;
  try {
    do {
      again = false;
      const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, cache: 'no-store' });
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (answer.status === 404 && ![...document.forms].some((f) => dirty.has(f))) {
        document.getElementById('content').replaceWith(next.getElementById('content')); // it was deleted
        shown.clear();
      }
      if (!answer.ok) break;
      for (const [region, last] of shown) {
        const other = next.querySelector(`[data-live="${region.dataset.live}"]`);
        if (!other || other.innerHTML === last || busy(region)) continue;
        shown.set(region, other.innerHTML);
        replace(region, other);
      }
      document.title = next.title;
      const base = document.getElementById('meanwhile');
      if (base) {
        const now = Number(document.querySelector('#current-version')?.textContent);
        document.getElementById('stale').hidden = !(now > Number(base.dataset.base));
      }
    } while (again);
  } catch {
    // The site is away. The stream reconnects by itself, and its first event brings us here again.
  } finally {
    running = false;
  }
}

// A body that is not well-formed was refused with the row and column of the fault: the caret goes there.
const fault = document.getElementById('problem')?.textContent.match(/\[(\d+),(\d+)\]/);
if (fault) {
  const area = document.getElementById('page-body');
  const rows = area.value.split('\n');
  const row = Math.min(Number(fault[1]), rows.length) - 1;
  const start = rows.slice(0, row).reduce((n, r) => n + r.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + rows[row].length);
  area.scrollTop = (area.scrollHeight * row) / rows.length - area.clientHeight / 2;
}

function say(state, text) {
  indicator.className = 'live ' + state;
  indicator.querySelector('.live-text').textContent = text;
}

function listen() {
  if (source) return;
  source = new EventSource('/-/live');
  source.addEventListener('open', () => say('on', 'live'));
  source.addEventListener('change', refresh);
  source.addEventListener('error', () => say('off', 'waiting'));
}

// A browser opens only a few connections to one host: a page that nobody sees gives its own back.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') {
    listen();
  } else if (source) {
    source.close();
    source = null;
  }
});

if (document.visibilityState === 'visible') listen();
