"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const CONFIG = { responsive: true, displaylogo: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };
  const PAPER = 660; // pixels that fit on a sheet
  const THEMES = {
    light: theme("#1f2328", "#57606a", "#e4e8ec", "#ffffff", "rgba(255,255,255,0.75)", [[0, "#eef4fb"], [0.5, "#7db3e0"], [1, "#0b3d75"]]),
    dark: theme("#e6edf3", "#9aa4af", "#2a3038", "#161b22", "rgba(13,17,23,0.75)", [[0, "#16212e"], [0.5, "#2f6ca8"], [1, "#a9d3ff"]]),
  };
  const plots = [...document.querySelectorAll(".plot")];
  const drawn = new Set();
  let printing = false;

  function theme(ink, soft, grid, panel, veil, scale) {
    const axis = { ticks: "outside", ticklen: 4, tickcolor: "rgba(0,0,0,0)", gridcolor: grid, linecolor: grid, zerolinecolor: grid, tickfont: { color: soft }, title: { font: { color: ink, size: 13 } } };
    return {
      layout: {
        font: { color: ink, size: 12, family: 'system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif' },
        xaxis: axis, yaxis: axis,
        colorscale: { sequential: scale, sequentialminus: scale, diverging: scale },
        annotationdefaults: { bgcolor: veil, borderpad: 1 },
        hoverlabel: { bgcolor: panel, bordercolor: soft, font: { color: ink } },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink },
      },
    };
  }
  const template = () => THEMES[dark.matches && !printing ? "dark" : "light"];

  function draw(plot) {
    if (drawn.has(plot)) return;
    drawn.add(plot);
    const spec = JSON.parse(plot.querySelector("script").textContent);
    Plotly.newPlot(plot, spec.data, { ...spec.layout, template: template() }, CONFIG);
  }
  const redraw = () => drawn.forEach((plot) => Plotly.relayout(plot, { template: template() }));

  // A figure is drawn when it comes near the window: a page of thousands of trials opens at once.
  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => { near.unobserve(one.target); draw(one.target); }),
    { rootMargin: "800px" },
  );
  plots.forEach((plot) => near.observe(plot));
  dark.addEventListener("change", redraw);

  const closed = () => [...document.querySelectorAll("details:not([open]):not(.screen)")];
  let opened = [];
  addEventListener("beforeprint", () => {
    printing = true;
    opened = closed();
    opened.forEach((one) => { one.open = true; });
    plots.forEach(draw);
    plots.forEach((plot) => {
      const width = plot.closest(".grid") ? PAPER / 2 - 20 : PAPER;
      Plotly.relayout(plot, { template: template(), width, autosize: false });
    });
  });
  addEventListener("afterprint", () => {
    printing = false;
    opened.forEach((one) => { one.open = false; });
    plots.forEach((plot) => Plotly.relayout(plot, { template: template(), width: null, autosize: true }));
  });

  // Sort a table by a column: numbers by value, empty cells last.
  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const value = (row) => row.cells[column].textContent;
      const number = (text) => (text === "" ? NaN : Number(text));
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const numeric = number(x) - number(y);
        const order = Number.isNaN(numeric) ? x.localeCompare(y, "en", { numeric: true }) : numeric;
        return descending ? -order : order;
      };
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    }));
  });
})();
