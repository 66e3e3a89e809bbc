// The keys of the panel. They work wherever the focus is in it, except in a field that is typed into.

const TYPED_INTO = "input:not([type=radio]), textarea, select";

function render({ model, el }) {
  const panelOf = () => el.closest(".camkit-review");
  let wasInside = false; // a control that vanishes under the focus leaves it on the page's body

  const onKeyDown = (event) => {
    const panel = panelOf();
    const inside = panel?.contains(event.target) || (wasInside && event.target === document.body);
    if (!inside) return;
    const withModifier = event.ctrlKey || event.metaKey || event.altKey;
    // JupyterLab's own letters would cut or convert the cell.
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !withModifier);
    if (withModifier || event.isComposing) return;
    if (event.target.matches(TYPED_INTO)) {
      if (event.key === "Escape") panel.focus({ preventScroll: true });
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === model.get("note_key")) panel.querySelector(".camkit-note textarea").focus();
    else if (!model.get("handled").includes(key)) return;
    else if (!event.repeat) model.send({ key });
    event.preventDefault();
    event.stopPropagation();
  };

  // A click beside the controls brings the keys to the panel, too.
  const onPointerDown = (event) => {
    const panel = panelOf();
    wasInside = Boolean(panel?.contains(event.target));
    if (wasInside) panel.tabIndex = -1;
  };
  const onFocusIn = (event) => {
    wasInside = Boolean(panelOf()?.contains(event.target));
  };

  const listeners = { keydown: onKeyDown, pointerdown: onPointerDown, focusin: onFocusIn };
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener, true);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener, true);
  };
}

export default { render };
