// The field for a note. What is typed goes to the kernel whole, with the event that it is about: when the field is left,
// or typing pauses. ipywidgets' own field sends a busy kernel the text late, when another event may be in front.

function render({ model, el }) {
  const field = document.createElement("textarea");
  field.setAttribute("aria-label", "Note");
  field.placeholder = model.get("placeholder");
  let event = model.get("event");
  let isTyped = false; // since it was sent last
  let pause;

  const note = (typed) => {
    isTyped = typed;
    el.classList.toggle("camkit-typed", typed);
    clearTimeout(pause);
  };
  const save = () => {
    if (isTyped) model.send({ note: field.value, event });
    note(false);
  };
  const show = () => {
    if (model.get("event") !== event) save(); // an event came without the field being left
    else if (isTyped) return;
    event = model.get("event");
    field.value = model.get("text");
  };

  field.addEventListener("input", () => {
    note(true);
    pause = setTimeout(save, 1000 * model.get("pause_s"));
  });
  field.addEventListener("focusout", save);
  model.on("change:event", show);
  model.on("change:text", show);
  show();
  el.append(field);
  return save;
}

export default { render };
