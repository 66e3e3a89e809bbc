// The keys of the panel. They work wherever the focus is in it, except in a field that is typed into.

const TYPED_INTO = "input:not([type=radio]), textarea, select";
const HEIGHTS = [0.2, 0.5, 0.8]; // where the picture is looked for on the screen, of its height

function render({ model, el }) {
  const panelOf = () => el.closest(".camkit-review");
  let wasInside = false;
  let isNew = true; // nobody has clicked or pressed a key in the notebook since the panel came

  // After "Run All" the focus is on the notebook, where X cuts a cell. So a panel that comes takes the keys. The
  // notebook must not notice, else the panel's cell would be the one that Shift+Enter runs next, over and over.
  const takeKeys = () => {
    const panel = panelOf();
    const focused = document.activeElement;
    if (!panel?.isConnected || panel.contains(focused)) return;
    const isOnNotebook = focused?.closest(".jp-mod-commandMode")?.contains(panel) && !focused.closest(".jp-OutputArea");
    if (focused !== document.body && !isOnNotebook) return;
    panel.focus({ preventScroll: true });
  };

  const isPictureOnScreen = (panel) => {
    const box = panel.querySelector(".camkit-picture").getBoundingClientRect();
    const at = (height) => document.elementFromPoint(box.x + box.width / 2, box.y + box.height * height);
    return HEIGHTS.some((height) => panel.contains(at(height)));
  };

  // The picture itself says what it is, so that a key is about what was on the screen when it was pressed.
  const inView = () => panelOf().querySelector(".camkit-picture [data-in-view]")?.dataset.inView;

  const send = (key) => model.send({ key, seen: inView() ?? "" });

  const onKeyDown = (event) => {
    const panel = panelOf();
    const inside = panel?.contains(event.target) || (wasInside && event.target === document.body);
    if (!inside) {
      isNew = false;
      return;
    }
    const isTyped = event.target.matches(TYPED_INTO);
    const runsNext = isNew && !isTyped && event.shiftKey && event.key === "Enter";
    const isForJupyter = event.ctrlKey || event.metaKey || event.altKey || runsNext;
    // JupyterLab's own letters would cut or convert the cell.
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !isForJupyter);
    if (isForJupyter || event.isComposing) return;
    if (isTyped) {
      if (event.key === "Escape") panel.focus({ preventScroll: true });
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isNote = key === model.get("note_key");
    if (!isNote && !model.get("handled").includes(key)) return;
    const isSeen = isPictureOnScreen(panel);
    if (!isSeen) panel.scrollIntoView({ block: "nearest" });
    if (isNote) panel.querySelector(".camkit-note textarea").focus();
    else if (!event.repeat && (isSeen || !model.get("judging").includes(key))) send(key);
    event.preventDefault();
    event.stopPropagation();
  };

  const onPointerDown = (event) => {
    wasInside = Boolean(panelOf()?.contains(event.target));
    isNew = false;
  };

  const onFocusIn = (event) => {
    wasInside = Boolean(panelOf()?.contains(event.target));
    if (!isNew || (wasInside && event.target.matches(TYPED_INTO))) return; // a field: JupyterLab has to know
    if (wasInside) event.stopPropagation();
    else setTimeout(takeKeys); // the notebook takes the focus when the last cell has run
  };

  // A control that vanishes or is turned off under the focus leaves it on the page's body.
  const keepKeys = new MutationObserver(() => {
    if (wasInside && document.activeElement === document.body) panelOf()?.focus({ preventScroll: true });
  });

  // A button that judges what is in view says what that was, as its key does.
  const onClick = (event) => {
    const button = event.target.closest?.("button");
    const name = [...(button?.classList ?? [])].find((name) => name.startsWith("camkit-key-"));
    if (!name || button.disabled || !panelOf()?.contains(button)) return;
    event.stopPropagation();
    send(name.slice("camkit-key-".length));
  };

  const listeners = {
    keydown: onKeyDown,
    pointerdown: onPointerDown,
    focusin: onFocusIn,
    click: onClick,
  };
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener, true);
  const waiting = setInterval(() => {
    if (!panelOf()?.isConnected) return; // the panel is put together around this, later
    clearInterval(waiting);
    panelOf().tabIndex = -1; // a click beside the controls brings the keys to the panel, too
    keepKeys.observe(panelOf(), { childList: true, subtree: true, attributeFilter: ["disabled"] });
    if (isNew) takeKeys();
    model.send({ shown: true });
  }, 50);
  return () => {
    clearInterval(waiting);
    keepKeys.disconnect();
    for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener, true);
  };
}

export default { render };
