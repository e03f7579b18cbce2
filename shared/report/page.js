"use strict";
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const keep = (value) => { try { localStorage.setItem("report-theme", value) } catch { /* a file: page may not */ } };
  const kept = () => { try { return localStorage.getItem("report-theme") } catch { return null } };
  const wear = (name) => {
    if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
    theme.dataset.now = name;
    theme.textContent = "Theme: " + name;
  };
  wear(themes.includes(kept()) ? kept() : "auto");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(theme.dataset.now) + 1) % themes.length];
    wear(next); keep(next);
  });

  const bar = document.querySelector(".bar");
  const scenarios = all(".scenario");
  if (!bar) return;
  bar.hidden = false;
  const search = document.getElementById("search");
  const version = document.getElementById("version");
  const chips = all(".chip");
  const count = document.getElementById("count");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "false").map((chip) => chip.value));
    let shown = 0;
    for (const each of scenarios) {
      const is = !off.has(each.dataset.verdict) && (!version || !version.value || each.dataset.version === version.value)
        && words.every((word) => each.dataset.words.includes(word));
      each.hidden = !is;
      shown += is;
    }
    count.textContent = shown === scenarios.length ? "" : `${shown} of ${scenarios.length} shown`;
  };
  let soon = 0;
  search.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(filter, 120) });
  if (version) version.addEventListener("change", filter);
  for (const chip of chips) chip.addEventListener("click", (event) => {
    if (event.altKey || event.shiftKey) for (const other of chips) other.setAttribute("aria-pressed", String(other === chip));
    else chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") === "false"));
    filter();
  });
  document.getElementById("open").addEventListener("click", () => {
    const shown = scenarios.filter((each) => !each.hidden);
    const to = shown.some((each) => !each.open);
    for (const each of shown) each.open = to;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault(); search.focus();
    } else if (event.key === "Escape" && event.target === search) { search.value = ""; filter() }
  });
  const reveal = () => {
    let found = null;
    try { found = document.getElementById(decodeURIComponent(location.hash.slice(1))) } catch { return }
    if (!found) return;
    for (let at = found; at; at = at.parentElement) { if (at.tagName === "DETAILS") at.open = true; at.hidden = false }
    found.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  if (location.hash.length > 1) reveal();
  filter();
})();
