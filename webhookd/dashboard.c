/*
 * dashboard: one page, which asks /api for all that it shows.
 *
 * What comes from there goes into the page as text alone.  Its policy lets
 * this style and this script in, by their digests, and nothing else;
 * test-api checks that the digests are right.
 */
#include "common/buf.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang='en'>\n"
    "<meta charset='utf-8'>\n"
    "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none';\n"
    " style-src 'sha256-GKUTAhD7SzH0O1Whq03Q2B9GrwAFXCj+0Fj8Ydk1K6E=';\n"
    " script-src 'sha256-vY6Z4SmFaAbA+v2R89wTwkJJtbCl54r7eBB6S9tsSzs=';\n"
    " connect-src 'self'; form-action 'none'; base-uri 'none'\">\n"
    "<meta name='viewport' content='width=device-width'>\n"
    "<title>Sluice</title>\n";

static const char style[] =
    "body { font: 14px sans-serif; margin: 1em; max-width: 75em; }\n"
    "table { border-collapse: collapse; margin-bottom: 1em; }\n"
    "td, th { border: 1px solid #999; padding: 2px 8px; text-align: left; }\n"
    "h1 { font-size: 1.3em; } h2 { font-size: 1.05em; }\n"
    ".healthy { color: #060; } .degraded, .bad { color: #b00; }\n";

static const char body[] =
    "<h1>Sluice: <span id='status'>?</span></h1>\n"
    "<p id='error' class='bad'></p>\n"
    "<form id='login' hidden>\n"
    "ADMIN_TOKEN: <input id='token' type='password' autocomplete='off'>\n"
    "<button>Go</button>\n"
    "</form>\n"
    "<p>Bybit <span id='bybit'></span> (<span id='net'></span>)\n"
    "<span id='dry'></span>, <span id='time'></span></p>\n"
    "<p><b id='halted'></b>\n"
    "<input id='why' maxlength='100' placeholder='why'>\n"
    "<button id='halt'>Halt</button> <button id='resume'>Resume</button></p>\n"
    "<h2>Alarms</h2><table id='alarms'></table>\n"
    "<h2>Stages</h2><table id='stages'></table>\n"
    "<h2>Positions</h2><table id='positions'></table>\n"
    "<h2>Orders</h2><table id='orders'></table>\n";

static const char script[] =
    "'use strict';\n"
    "let token = '';\n"
    "const $ = id => document.getElementById(id);\n"
    "\n"
    "async function ask(path, body) {\n"
    "  const headers = {}, o = { headers, cache: 'no-store' };\n"
    "  if (token !== '') headers.Authorization = 'Bearer ' + token;\n"
    "  if (body !== undefined) {\n"
    "    o.method = 'POST';\n"
    "    o.body = JSON.stringify(body);\n"
    "    headers['Content-Type'] = 'application/json';\n"
    "  }\n"
    "  const r = await fetch(path, o);\n"
    "  const j = await r.json();\n"
    "  if (r.status === 401) {\n"
    "    token = ''; // said again and again it would count as guesses\n"
    "    $('login').hidden = false;\n"
    "  }\n"
    "  if (j.error) throw new Error(j.error);\n"
    "  $('login').hidden = true;\n"
    "  return j;\n"
    "}\n"
    "\n"
    "function cell(tr, kind, text) {\n"
    "  const c = document.createElement(kind);\n"
    "  c.textContent = text === undefined ? '' : String(text);\n"
    "  tr.append(c);\n"
    "}\n"
    "\n"
    "function table(id, list, columns) {\n"
    "  const t = $(id);\n"
    "  t.replaceChildren();\n"
    "  const h = t.insertRow();\n"
    "  for (const c of columns) cell(h, 'th', c);\n"
    "  for (const row of list) {\n"
    "    const tr = t.insertRow();\n"
    "    for (const c of columns) cell(tr, 'td', row[c]);\n"
    "  }\n"
    "}\n"
    "\n"
    "function show(s, p, o) {\n"
    "  $('status').textContent = s.status;\n"
    "  $('status').className = s.status;\n"
    "  $('time').textContent = s.timestamp;\n"
    "  $('net').textContent = s.testnet ? 'testnet' : s.demo ? 'demo' : 'mainnet';\n"
    "  $('dry').textContent = s.dry_run ? 'dry run' : '';\n"
    "  $('bybit').textContent = s.bybit ? 'answers' : 'does not answer';\n"
    "  const h = s.halt || {};\n"
    "  $('halted').textContent = s.halted ?\n"
    "    ['HALTED', h.time, h.who, h.why].filter(x => x).join(', ') : 'trading';\n"
    "  table('alarms', s.alarms, ['stage', 'alarm', 'since', 'text']);\n"
    "  table('stages', s.stages,\n"
    "    ['stage', 'state', 'start', 'last_line', 'lines', 'skipped', 'out', 'error']);\n"
    "  table('positions', p.positions, ['symbol', 'signal_number', 'signal_type',\n"
    "    'position_size', 'entry_price', 'mark_price', 'leverage', 'opened']);\n"
    "  table('orders', o.orders, ['time', 'state', 'action', 'symbol', 'qty',\n"
    "    'price', 'stop_loss', 'avg_price', 'order_link_id', 'reason']);\n"
    "}\n"
    "\n"
    "let busy = false;\n"
    "async function look() {\n"
    "  if (busy) return;\n"
    "  busy = true;\n"
    "  try {\n"
    "    const s = await ask('/status');\n"
    "    show(s, await ask('/api/positions'), await ask('/api/orders?limit=20'));\n"
    "    $('error').textContent = '';\n"
    "  } catch (e) {\n"
    "    $('error').textContent = e.message;\n"
    "  }\n"
    "  busy = false;\n"
    "}\n"
    "\n"
    "async function act(path, body) {\n"
    "  try {\n"
    "    await ask(path, body);\n"
    "    await look();\n"
    "  } catch (e) {\n"
    "    $('error').textContent = e.message;\n"
    "  }\n"
    "}\n"
    "\n"
    "// In a frame of another page a click may be somebody else's.\n"
    "if (window.top === window.self) {\n"
    "  $('halt').onclick = () => act('/api/halt', { why: $('why').value });\n"
    "  $('resume').onclick = () => {\n"
    "    if (confirm('Resume trading?')) act('/api/resume', {});\n"
    "  };\n"
    "  $('login').onsubmit = e => {\n"
    "    e.preventDefault();\n"
    "    token = $('token').value;\n"
    "    $('token').value = '';\n"
    "    look();\n"
    "  };\n"
    "  setInterval(() => { if (!document.hidden) look(); }, 5000);\n"
    "  look();\n"
    "}\n";

void
dashboard_get(struct api *a, struct request *r, const char *part)
{
	struct buf *b = &a->out;

	(void)part;
	buf_clear(b);
	buf_puts(b, head);
	buf_printf(b, "<style>%s</style>\n", style);
	buf_puts(b, body);
	buf_printf(b, "<script>%s</script>\n", script);
	if (buf_failed(b))
		request_refuse(r, 503, "Out of memory");
	else
		request_reply(r, 200, "text/html; charset=utf-8", b->p, b->len);
}
