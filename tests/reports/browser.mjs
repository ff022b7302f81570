// Drives a real Chromium over its own protocol, with nothing but Node: node browser.mjs CHROMIUM PAGE OUT
// Prints one JSON object with what was seen; writes screenshots and a PDF to OUT.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [chromium, page, out] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), 'jig-browser-'));
const child = spawn(chromium, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
  '--hide-scrollbars', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });

const address = await new Promise((resolve, reject) => {
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
    const found = said.match(/DevTools listening on (ws:\S+)/);
    if (found) resolve(found[1]);
  });
  child.on('exit', () => reject(new Error(`the browser ended: ${said}`)));
});

const socket = new WebSocket(address);
await new Promise((resolve) => socket.addEventListener('open', resolve));
const waiting = new Map();
const seen = { errors: [], requests: [] };
let loaded = () => {};
let number = 0;
let session;

socket.addEventListener('message', ({ data }) => {
  const { id, result, error, method, params } = JSON.parse(data);
  if (id) {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(JSON.stringify(error)));
    else resolve(result);
  } else if (method === 'Runtime.exceptionThrown') seen.errors.push(params.exceptionDetails.text);
  else if (method === 'Runtime.consoleAPICalled') seen.errors.push(`console.${params.type}`);
  else if (method === 'Log.entryAdded') seen.errors.push(params.entry.text);
  else if (method === 'Network.requestWillBeSent') seen.requests.push(params.request.url.slice(0, 60));
  else if (method === 'Page.loadEventFired') loaded();
});

const send = (method, params = {}) => new Promise((resolve, reject) => {
  number += 1;
  waiting.set(number, { resolve, reject });
  socket.send(JSON.stringify({ id: number, method, params, sessionId: session }));
});
const run = async (expression) => {
  const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
};
const load = async () => {
  const done = new Promise((resolve) => { loaded = resolve; });
  await send('Page.navigate', { url: pathToFileURL(page).href });
  await done;
};
const key = async (name, text) => {
  const codes = { Tab: 9, Enter: 13, Escape: 27, ArrowDown: 40, '/': 191 };
  const event = { key: name, code: name === '/' ? 'Slash' : name, windowsVirtualKeyCode: codes[name], text };
  await send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', ...event });
  await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
};
const settle = () => run('new Promise((resolve) => setTimeout(resolve, 300))');
const visible = () => run("document.querySelectorAll('.part .card:not([hidden])').length");
const shot = async (name, width, height, features, media = '') => {
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  await send('Emulation.setEmulatedMedia', { media, features });
  await settle();
  const { cssContentSize } = await send('Page.getLayoutMetrics');
  // As high as the page: what is not in sight is not laid out.
  const whole = Math.min(cssContentSize.height, 6000);
  await send('Emulation.setDeviceMetricsOverride', { width, height: Math.ceil(whole), deviceScaleFactor: 1, mobile: width < 600 });
  await settle();
  const clip = { x: 0, y: 0, width, height: whole, scale: 1 };
  const { data } = await send('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true });
  writeFileSync(join(out, `${name}.png`), Buffer.from(data, 'base64'));
  return run('document.documentElement.scrollWidth > document.documentElement.clientWidth');
};

try {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  ({ sessionId: session } = await send('Target.attachToTarget', { targetId, flatten: true }));
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  await send('Emulation.setDeviceMetricsOverride', { width: 1200, height: 900, deviceScaleFactor: 1, mobile: false });

  const start = Date.now();
  await load();
  seen.cards = await visible();
  seen.loadMilliseconds = Date.now() - start;
  seen.hacked = await run("typeof window.hacked !== 'undefined' || document.querySelectorAll('img, iframe, object').length > 0");
  seen.text = process.env.JIG_NO_SHOTS ? '' : await run('document.body.innerText');
  seen.filterShown = await run("!document.getElementById('filter')?.hidden");

  // The keyboard alone.
  await key('Tab');
  seen.firstFocus = await run('document.activeElement.className');
  await key('Enter', '\r');
  seen.skipped = await run('location.hash');
  await key('/', '/');
  seen.searchFocus = await run('document.activeElement.id');
  await send('Input.insertText', { text: process.env.JIG_SEARCH ?? 'tcp' });
  const typed = Date.now();
  await settle();
  seen.searched = await visible();
  seen.searchMilliseconds = Date.now() - typed - 300;
  seen.status = await run("document.getElementById('shown')?.textContent ?? ''");
  await key('Escape');
  await settle();
  seen.afterEscape = await visible();
  const select = `document.querySelector('select[data-key="c"]')`;
  await key('Tab');
  for (let tabs = 0; tabs < 6 && !(await run(`document.activeElement === ${select}`)); tabs += 1) await key('Tab');
  seen.selectFocus = await run(`document.activeElement === ${select}`);
  await key('ArrowDown');
  await settle();
  seen.chosen = await run(`${select}?.value ?? ''`);
  seen.matching = await run(`[...document.querySelectorAll('.part .card')].filter((card) => card.dataset.c === ${select}?.value).length`);
  seen.filtered = await visible();
  await run("document.getElementById('all')?.click()");
  await run("document.querySelector('a[data-line]')?.click()");
  await settle();
  seen.ofLine = await visible();
  await run("document.getElementById('all')?.click()");

  // Everything that can be reached has a name, and no id is twice.
  seen.nameless = await run(`[...document.querySelectorAll('a, button, input, select')].filter((e) =>
    !(e.textContent.trim() || e.getAttribute('aria-label') || e.closest('label'))).length`);
  seen.twice = await run(`(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.length - new Set(ids).size; })()`);
  seen.deadLinks = await run(`[...document.querySelectorAll('a[href^="#"]')].filter((a) => !document.getElementById(a.hash.slice(1))).length`);
  seen.links = await run(`[...document.querySelectorAll('a')].filter((a) => !a.getAttribute('href').startsWith('#')).length`);

  if (!process.env.JIG_NO_SHOTS) {
    const light = [{ name: 'prefers-color-scheme', value: 'light' }];
    const dark = [{ name: 'prefers-color-scheme', value: 'dark' }];
    seen.wide = [
      await shot('light', 1200, 900, light),
      await shot('dark', 1200, 900, dark),
      await shot('narrow', 390, 800, light),
    ].some(Boolean);
    await shot('print', 794, 1123, light, 'print');
    await send('Emulation.clearDeviceMetricsOverride');
    await send('Emulation.setEmulatedMedia', { media: '', features: [] });
    const pdf = Buffer.from((await send('Page.printToPDF', { printBackground: true, preferCSSPageSize: true })).data, 'base64');
    writeFileSync(join(out, 'page.pdf'), pdf);
    seen.pdf = pdf.subarray(0, 5).toString();
    seen.pdfBytes = pdf.length;
  }

  // Without a script all of it is there to read.
  await send('Emulation.setScriptExecutionDisabled', { value: true });
  await load();
  await send('Emulation.setScriptExecutionDisabled', { value: false });
  seen.cardsWithoutScript = await visible();
  seen.filterWithoutScript = await run("document.getElementById('filter')?.hidden ?? true");
  console.log(JSON.stringify(seen));
} finally {
  child.kill();
  await new Promise((resolve) => child.on('exit', resolve));
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  } catch {
    // A helper process of the browser may still write there; what is left lies in the folder for temporary files.
  }
}
