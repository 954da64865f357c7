// Draws the figures that the page carries, in the reader's theme, and redraws when it changes.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse), (hover: none)").matches;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const hidden = new Set();
  const shown = charts.map(() => 0);

  // A colour is a pair "light|dark"; only keys that hold colours are looked at, never words.
  const tint = (value, key) => {
    if (Array.isArray(value)) return value.map((inner) => tint(inner, key));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tint(v, k)]));
    if (typeof value === "string" && /color(scale)?$/.test(key) && value.includes("|"))
      return value.split("|")[dark.matches ? 1 : 0];
    return value;
  };

  const draw = (index) => {
    const figure = tint(charts[index].views[shown[index]], "");
    for (const trace of figure.data) trace.visible = !hidden.has(trace.legendgroup);
    figure.layout.height = charts[index].height;
    figure.layout.autosize = true;
    // On a touch screen a finger scrolls the page; it must not draw a zoom box.
    if (touch) figure.layout.dragmode = false;
    Plotly.react(document.getElementById("chart-" + index), figure.data, figure.layout, {
      responsive: true, displaylogo: false, scrollZoom: false, displayModeBar: touch ? false : "hover",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    });
  };
  const drawAll = () => charts.forEach((_, index) => draw(index));

  for (const button of document.querySelectorAll(".switch button"))
    button.addEventListener("click", () => {
      for (const other of button.parentElement.children)
        other.setAttribute("aria-pressed", String(other === button));
      for (const index of button.dataset.chart.split(" ").map(Number)) {
        shown[index] = Number(button.dataset.view);
        draw(index);
      }
    });
  for (const button of document.querySelectorAll(".legend button"))
    button.addEventListener("click", () => {
      const name = button.dataset.run;
      const on = hidden.delete(name);
      if (!on) hidden.add(name);
      button.setAttribute("aria-pressed", String(on));
      drawAll();
    });
  for (const button of document.querySelectorAll("button.copy"))
    button.addEventListener("click", () => {
      const code = button.nextElementSibling;
      // Selected as well: where a browser refuses the clipboard to a file, Ctrl-C still works.
      getSelection().selectAllChildren(code);
      navigator.clipboard?.writeText(code.textContent).then(
        () => (button.textContent = "Copied"), () => (button.textContent = "Selected: Ctrl-C copies"));
    });
  dark.addEventListener("change", drawAll);
  drawAll();
})();
