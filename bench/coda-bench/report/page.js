"use strict";
const data = JSON.parse(document.getElementById("data").textContent);

// ---- words and numbers -------------------------------------------------------------------------

const count = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const thousands = (v) => (v >= 10000 ? `${count.format(v / 1000)}k` : whole.format(v));
const duration = (us) =>
  us >= 1e6 ? `${count.format(us / 1e6)} s` : us >= 1000 ? `${count.format(us / 1000)} ms` : `${count.format(us)} µs`;
const bytes = (b) => (b >= 1000 ? `${count.format(b / 1024)} KiB` : `${whole.format(b)} B`);
const distinct = (values) => [...new Set(values)];
const ascending = (values) => distinct(values).sort((a, b) => a - b);
const scattered = (range, median) => range[1] - range[0] > 0.3 * median;
const shaky = (r) => r.steal > 0.05 || scattered(r.ops_per_second_range, r.ops_per_second);
const shakyCpu = (r) => scattered(r.cpu_us_per_op_range, r.cpu_us_per_op);

// ---- elements ----------------------------------------------------------------------------------

const svgTags = new Set(["svg", "g", "line", "path", "text", "rect", "title"]);
function el(tag, attributes = {}, ...children) {
  const e = svgTags.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== null) e.setAttribute(key, value);
  e.append(...children);
  return e;
}
const at = (id) => document.getElementById(id);

// ---- series: a client, with whatever tells it from the others of its kind ---------------------------

const order = ["sync", "threads", "coda", "raw"];
const shapes = {
  sync: "M0-4.6 4.6 0 0 4.6-4.6 0Z",
  threads: "M-3.9-3.9H3.9V3.9H-3.9Z",
  coda: "M-4.4 0a4.4 4.4 0 1 0 8.8 0a4.4 4.4 0 1 0-8.8 0Z",
  raw: "M0-4.9 4.7 3.6H-4.7Z",
};
const colour = (client) => `var(--${order.includes(client) ? client : "sync"})`;
function marker(x, y, s, hollow, text) {
  const filled = hollow ? "var(--card)" : colour(s.client);
  const m = el("path", { d: shapes[s.client] ?? shapes.sync, transform: `translate(${x} ${y})`, fill: filled,
    stroke: colour(s.client), "stroke-width": 1.6 });
  if (text) m.append(el("title", {}, text));
  return m;
}

// ---- charts ------------------------------------------------------------------------------------

function niceTicks(high, wanted) {
  const rough = high / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const ticks = [];
  for (let v = 0; v < high + step * 0.999; v += step) ticks.push(v);
  return ticks;
}

function decades(low, high) {
  const ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) ticks.push(10 ** e);
  return ticks;
}

// Labels at the lines' ends are pushed apart until none covers another.
function spreadOut(labels, gap) {
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + gap);
  const over = labels.length ? labels.at(-1).y - labels.at(-1).most : 0;
  if (over > 0) for (const l of labels) l.y -= over;
}

// Lines over the number in flight, which has a logarithmic scale.
function lineChart(box, series, { value, range, log, format }) {
  const width = box.clientWidth, height = Math.round(Math.min(340, Math.max(250, width * 0.56)));
  const labelled = width >= 430 && series.length > 1;
  const longest = Math.max(0, ...series.map((s) => s.name.length));
  const pad = { left: 54, right: labelled ? Math.min(170, 14 + longest * 6.8) : 14, top: 10, bottom: 40 };
  const xs = ascending(series.flatMap((s) => s.rows.map((r) => r.concurrency)));
  const values = series.flatMap((s) => s.rows.map(value)).filter((v) => v > 0);
  const highest = Math.max(...series.flatMap((s) => s.rows.map((r) => (range ? range(r)[1] : value(r)))));
  const ticks = log ? decades(Math.min(...values), highest) : niceTicks(highest, 5);
  const scale = (v, low, high, from, to) => (high === low ? (from + to) / 2 : from + ((v - low) / (high - low)) * (to - from));
  const l10 = Math.log10;
  const x = (v) => scale(l10(v), l10(xs[0]), l10(xs.at(-1)), pad.left + 8, width - pad.right - 8);
  const y = (v) => log
    ? scale(l10(v), l10(ticks[0]), l10(ticks.at(-1)), height - pad.bottom, pad.top)
    : scale(v, 0, ticks.at(-1), height - pad.bottom, pad.top);

  const svg = el("svg", { width, height, role: "img" });
  for (const t of ticks) {
    svg.append(el("line", { class: "grid", x1: pad.left, x2: width - pad.right, y1: y(t), y2: y(t) }),
      el("text", { x: pad.left - 8, y: y(t) + 4, "text-anchor": "end" }, format(t)));
  }
  for (const v of xs)
    svg.append(el("text", { x: x(v), y: height - pad.bottom + 18, "text-anchor": "middle" }, thousands(v)));
  svg.append(el("text", { x: (pad.left + width - pad.right) / 2, y: height - 4, "text-anchor": "middle" }, "in flight"));

  const labels = [];
  for (const s of series) {
    const points = s.rows.map((r) => [x(r.concurrency), y(value(r)), r]);
    svg.append(el("path", { d: "M" + points.map((p) => `${p[0].toFixed(1)} ${p[1].toFixed(1)}`).join("L"), fill: "none",
      stroke: colour(s.client), "stroke-width": 2.2, "stroke-linejoin": "round",
      "stroke-dasharray": s.variant ? "2 5" : null, "stroke-linecap": "round" }));
    for (const [px, py, r] of points) {
      if (range) {
        const [low, high] = range(r);
        svg.append(el("line", { x1: px, x2: px, y1: y(low), y2: y(high), stroke: colour(s.client), "stroke-width": 1.2 }));
      }
      svg.append(marker(px, py, s, shaky(r), `${s.name}, ${whole.format(r.concurrency)} in flight: ${format(value(r))}`));
    }
    const last = points.at(-1);
    labels.push({ text: s.name, client: s.client, x: last[0] + 11, y: last[1], most: height - pad.bottom });
  }
  if (labelled) {
    // Where lines end at different places, only those that end in the same column can collide.
    for (const column of distinct(labels.map((l) => l.x))) spreadOut(labels.filter((l) => l.x === column), 15);
    for (const l of labels)
      svg.append(el("text", { x: l.x, y: l.y + 4, style: `fill:${colour(l.client)};font-weight:600;paint-order:stroke;` +
        "stroke:var(--card);stroke-width:4px;stroke-linejoin:round" }, l.text));
  }
  box.replaceChildren(svg);
}

// Horizontal bars in groups; each names its series and tells its value.
function barChart(box, groups, { value, format, noisy = () => false }) {
  const width = box.clientWidth, bar = 16, step = 23, head = 24, gap = 12;
  const names = groups.flatMap((g) => g.bars.map((b) => b.series.name));
  const left = Math.min(width * 0.42, 14 + Math.max(0, ...names.map((n) => n.length)) * 6.9);
  const high = Math.max(...groups.flatMap((g) => g.bars.map((b) => value(b.row))), 1e-9);
  const height = groups.reduce((sum, g) => sum + (g.title ? head : 0) + g.bars.length * step + gap, 0);
  const svg = el("svg", { width, height, role: "img" });
  let y = 0;
  for (const g of groups) {
    if (g.title) {
      svg.append(el("text", { x: 0, y: y + 14, class: "group" }, g.title));
      y += head;
    }
    for (const b of g.bars) {
      const v = value(b.row), length = Math.max(1.5, (v / high) * (width - left - 78));
      svg.append(el("text", { x: left - 8, y: y + bar / 2 + 4, "text-anchor": "end" }, b.series.name));
      const r = el("rect", { x: left, y, width: length, height: bar, rx: 3, fill: colour(b.series.client),
        "fill-opacity": b.series.variant ? 0.55 : 1 });
      r.append(el("title", {}, `${b.series.name}: ${format(v)}`));
      svg.append(r, el("text", { x: left + length + 7, y: y + bar / 2 + 4, class: "value" },
        format(v) + (noisy(b.row) ? " ◌" : "")));
      y += step;
    }
    y += gap;
  }
  box.replaceChildren(svg);
}

function nothing(box, why) {
  box.replaceChildren(el("p", { class: "unit" }, why));
}

// ---- a chapter: the charts of one store -------------------------------------------------------------

const workName = { read: "point reads", write: "point writes", page: "pages of five reads" };
const delay = (ms) => (ms === 0 ? "no added delay" : `${ms} ms each way`);

function chapter(told) {
  const rows = data.rows.filter((r) => r.store === told.store && r.operations > 0);
  const root = document.getElementById("chapter").content.cloneNode(true).firstElementChild;
  const at = (name) => root.querySelector(`[data-name="${name}"]`);
  at("title").textContent = told.title;
  at("title").hidden = data.chapters.length < 2;
  at("headline").textContent = told.headline;
  at("findings").replaceChildren(...told.findings.map((f) => el("li", {}, f)));
  document.getElementById("chapters").append(root);
  if (!rows.length) return () => {};

  const usual = Number(Object.entries(rows.filter((r) => r.client !== "sync").reduce(
    (n, r) => ({ ...n, [r.connections]: (n[r.connections] ?? 0) + 1 }), {})).sort((a, b) => b[1] - a[1])[0]?.[0] ?? 1);
  const usualLoop = rows.find((r) => r.client === "coda")?.loop;

  function nameOf(r) {
    let name = r.client;
    if (r.client === "coda" && (r.loop !== usualLoop || distinct(rows.filter((o) => o.client === "coda").map((o) => o.loop)).length > 1))
      name += `/${r.loop}`;
    if (r.client !== "sync" && r.connections !== usual) name += `, ${r.connections} conn.`;
    return name;
  }
  const isVariant = (r) => (r.client !== "sync" && r.connections !== usual) || (r.client === "coda" && r.loop !== usualLoop);

  function seriesOf(selected) {
    return distinct(selected.map(nameOf))
      .map((name) => {
        const own = selected.filter((r) => nameOf(r) === name).sort((a, b) => a.concurrency - b.concurrency);
        return { name, rows: own, client: own[0].client, variant: isVariant(own[0]) };
      })
      .sort((a, b) => order.indexOf(a.client) - order.indexOf(b.client) || a.variant - b.variant);
  }

  const shown = { workload: rows[0]?.workload, latency: rows[0] ? Math.min(...rows.map((r) => r.latency_ms)) : 0 };

  function control(label, key, values, text) {
    const buttons = el("span", { class: "buttons", role: "group", "aria-label": label });
    for (const v of values) {
      const b = el("button", { type: "button", "aria-pressed": shown[key] === v }, text(v));
      b.addEventListener("click", () => {
        shown[key] = v;
        draw();
      });
      buttons.append(b);
    }
    return el("div", { class: "control" }, label, buttons);
  }

  function drawControls() {
    const works = distinct(rows.map((r) => r.workload));
    const delays = ascending(rows.filter((r) => r.workload === shown.workload).map((r) => r.latency_ms));
    if (!delays.includes(shown.latency)) shown.latency = delays[0];
    at("controls").replaceChildren(
      ...(works.length > 1 ? [control("Operation", "workload", works, (w) => w)] : []),
      ...(delays.length > 1 ? [control("Network", "latency", delays, (ms) => (ms === 0 ? "loopback" : `+${ms} ms`))] : []));
  }

  function drawLegend(series) {
    at("legend").replaceChildren(...series.map((s) => {
      const svg = el("svg", { width: 26, height: 14, "aria-hidden": true });
      svg.append(el("line", { x1: 1, x2: 25, y1: 7, y2: 7, stroke: colour(s.client), "stroke-width": 2.2,
        "stroke-dasharray": s.variant ? "2 5" : null, "stroke-linecap": "round" }), marker(13, 7, s, false));
      return el("li", {}, svg, s.name);
    }), ...(rows.some(shaky) ? [el("li", {}, "hollow or ◌: noisy")] : []));
  }

  const barsAt = (series, n, has) =>
    series.flatMap((s) => s.rows.filter((r) => r.concurrency === n && has(r)).map((row) => ({ series: s, row })));
  const groupAt = (series, n, has) => ({ title: `${whole.format(n)} in flight`, bars: barsAt(series, n, has) });

  // One in flight, and two larger numbers, of those at which no kind of client is missing that was measured at more than one.
  function drawCpu(series) {
    const kinds = (n) => distinct(barsAt(series, n, () => true).map((b) => b.series.client)).length;
    const all = ascending(series.flatMap((s) => s.rows.map((r) => r.concurrency)));
    const most = Math.max(...(all.some((n) => n > 1) ? all.filter((n) => n > 1) : all).map(kinds));
    const usable = all.filter((n) => kinds(n) >= most);
    const chosen = usable.length <= 3 ? usable : [usable[0], usable[Math.floor(usable.length / 2)], usable.at(-1)];
    barChart(at("cpu"), chosen.map((n) => groupAt(series, n, () => true)),
      { value: (r) => r.cpu_us_per_op, format: (v) => `${count.format(v)} µs`, noisy: shakyCpu });
  }

  // Below 256 in flight the pages that come and go by chance weigh as much as the waiters.
  function drawMemory(series) {
    const known = (r) => r.bytes_per_waiter !== null && r.concurrency >= 256;
    const numbers = ascending(series.flatMap((s) => s.rows.filter(known).map((r) => r.concurrency))).slice(-2);
    at("memory-unit").textContent = `memory per waiting request, ${workName[shown.workload]}`;
    if (!numbers.length) return nothing(at("memory"), "Needs rows with 1 and with at least 256 in flight.");
    barChart(at("memory"), numbers.map((n) => groupAt(series, n, known)), { value: (r) => r.bytes_per_waiter, format: bytes });
  }

  function drawNetwork() {
    const mine = rows.filter((r) => r.workload === shown.workload);
    const delays = ascending(mine.map((r) => r.latency_ms));
    const far = mine.filter((r) => r.latency_ms === delays.at(-1));
    const numbers = ascending(far.filter((r) => r.client === "threads" || far.every((o) => o.client !== "threads"))
      .map((r) => r.concurrency));
    const n = numbers.includes(64) ? 64 : numbers.at(-1);
    at("network-unit").textContent = `${workName[shown.workload]} per second, ${whole.format(n)} in flight`;
    if (delays.length < 2) return nothing(at("network"), "Only one distance was measured: give --latency several values.");
    const groups = delays.map((ms) => ({
      title: delay(ms),
      bars: seriesOf(mine.filter((r) => r.latency_ms === ms && (r.concurrency === n || r.client === "sync")))
        .map((s) => ({ series: s.client === "sync" && n !== 1 ? { ...s, name: "sync, 1 in flight" } : s, row: s.rows[0] })),
    }));
    barChart(at("network"), groups, { value: (r) => r.ops_per_second, format: thousands, noisy: shaky });
  }

  function draw() {
    drawControls();
    const series = seriesOf(rows.filter((r) => r.workload === shown.workload && r.latency_ms === shown.latency));
    drawLegend(series);
    const where = delay(shown.latency), work = workName[shown.workload] ?? shown.workload;
    at("throughput-unit").textContent = `${work} per second, ${where}`;
    at("latency-unit").textContent = `99th percentile, ${work}, ${where}`;
    at("cpu-unit").textContent = `microseconds of client CPU for each of the ${work}, ${where}`;
    lineChart(at("throughput"), series, { value: (r) => r.ops_per_second, range: (r) => r.ops_per_second_range, format: thousands });
    lineChart(at("latency"), series, { value: (r) => r.p99_us, log: true, format: duration });
    drawCpu(series);
    drawMemory(series);
    drawNetwork();
  }

  return draw;
}

// ---- tables ------------------------------------------------------------------------------------

function table(id, columns, lines, startsGroup) {
  const head = el("tr", {}, ...columns.map((c) => el("th", { class: c.text ? "text" : null, scope: "col" }, c.name)));
  const body = lines.map((line, i) =>
    el("tr", { class: startsGroup(line, lines[i - 1]) ? "first" : null }, ...columns.map((c) => {
      const content = c.get(line);
      const td = el("td", { class: [c.text ? "text" : "", c.mark?.(line) ?? ""].join(" ").trim() || null });
      td.append(...(Array.isArray(content) ? content : [content]));
      return td;
    })));
  at(id).replaceChildren(el("thead", {}, head), el("tbody", {}, ...body));
}

const chipped = (r) => [el("span", { class: "chip", style: `background:${colour(r.client)}` }), r.loop === "none" ? r.client : `${r.client}/${r.loop}`];
const bounds = (r) => `${count.format(r.low)} to ${count.format(r.high)}`;
const told = (r) => (!r.quoted ? r.why_not : r.why_not ? bounds(r) : `${count.format(r.median)} (${bounds(r)})`);
const untold = (r) => (r.quoted ? "" : "why");

function drawTables() {
  const several = data.chapters.length > 1;
  const changed = (keys, of = (line) => line) => (line, before) => before && keys.some((k) => of(line)[k] !== of(before)[k]);
  table("ratios", [
    ...(several ? [{ name: "store", text: true, get: (c) => c.ours.store }] : []),
    { name: "operation", text: true, get: (c) => c.ours.workload },
    { name: "delay", get: (c) => `${c.ours.latency_ms} ms` },
    { name: "in flight", get: (c) => whole.format(c.ours.concurrency) },
    { name: "connections", get: (c) => c.ours.connections },
    { name: "client", text: true, get: (c) => chipped(c.ours) },
    { name: "against", text: true, get: (c) => chipped(c.theirs) },
    { name: "operations/s", get: (c) => told(c.throughput), mark: (c) => untold(c.throughput) },
    { name: "p50", get: (c) => told(c.p50), mark: (c) => untold(c.p50) },
    { name: "CPU per operation", get: (c) => told(c.cpu), mark: (c) => untold(c.cpu) },
  ], data.comparisons, changed(["store", "workload", "latency_ms"], (c) => c.ours));
  table("rows", [
    ...(several ? [{ name: "store", text: true, get: (r) => r.store }] : []),
    { name: "operation", text: true, get: (r) => r.workload },
    { name: "delay", get: (r) => `${r.latency_ms} ms` },
    { name: "client", text: true, get: chipped },
    { name: "connections", get: (r) => r.connections },
    { name: "in flight", get: (r) => whole.format(r.concurrency) },
    { name: "operations/s", get: (r) => whole.format(r.ops_per_second) },
    { name: "range", get: (r) => `${whole.format((100 * (r.ops_per_second_range[1] - r.ops_per_second_range[0])) / (r.ops_per_second || 1))} %${shaky(r) ? " ◌" : ""}` },
    { name: "p50", get: (r) => duration(r.p50_us) },
    { name: "p99", get: (r) => duration(r.p99_us) },
    { name: "p99.9", get: (r) => duration(r.p999_us) },
    { name: "CPU/op", get: (r) => `${count.format(r.cpu_us_per_op)} µs` },
    { name: "switches/op", get: (r) => count.format(r.switches_per_op) },
    { name: "peak RSS", get: (r) => `${count.format(r.rss_kib / 1024)} MiB` },
    { name: "per waiter", get: (r) => (r.bytes_per_waiter === null ? "–" : bytes(r.bytes_per_waiter)) },
    { name: "steal", get: (r) => `${count.format(100 * r.steal)} %` },
    { name: "run queue", get: (r) => count.format(r.run_queue) },
    { name: "errors", get: (r) => (r.failures.length ? "failed" : whole.format(r.errors)), mark: (r) => (r.errors || r.failures.length ? "bad" : "") },
  ], data.rows, changed(["store", "workload", "latency_ms"]));
}

// ---- the rest of the page -------------------------------------------------------------------------

function drawText() {
  const m = data.machine;
  at("when").textContent = m.measured_at;
  at("clients").replaceChildren(...data.chapters.flatMap((c) => [
    ...(data.chapters.length > 1 ? [el("h3", {}, c.title)] : []),
    el("dl", {}, ...c.clients.flatMap((k) => [el("dt", {}, k.name), el("dd", {}, k.about)])),
  ]));
  at("command").textContent = m.command;
  at("left-out").replaceChildren(...data.left_out.map((why) => el("li", {}, `Left out: ${why}`)));
  const broken = data.rows.filter((r) => r.errors || r.failures.length);
  at("warning").hidden = broken.length === 0;
  at("warning").textContent = `${broken.length} rows have errors or failed measurements: `
    + distinct(broken.map((r) => r.failures[0] || r.first_error)).join("; ");
  const facts = {
    processor: `${m.processor} × ${m.processors}${m.virtual_machine ? ", virtual" : ""}`,
    memory: `${count.format(m.memory_mib / 1024)} GiB`,
    system: `${m.system}, ${m.kernel}`,
    server: `${m.server}; on the same machine and processors as the clients, unless its address says otherwise`,
    transport: m.transport,
    compiler: `${m.compiler}, ${m.build}`,
    libraries: `${m.libraries}, Boost ${m.boost}`,
    rounds: `${Math.max(0, ...data.rows.map((r) => r.rounds.length))} of each row, interleaved`,
  };
  at("machine").replaceChildren(...Object.entries(facts).flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]));
}

drawText();
drawTables();
{
  const drawn = data.chapters.map(chapter);
  for (const draw of drawn) draw();
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const draw of drawn) draw();
  });
}
