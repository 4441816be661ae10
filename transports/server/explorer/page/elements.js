// Elements and text. Nothing here or elsewhere reads HTML, so no name or payload can become any.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "open", "indeterminate"]);

/** Return an element; children are elements, text, or nothing. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

/** Set variables of the style, such as the place of a mark. */
function placed(element, variables) {
  for (const [name, value] of Object.entries(variables)) element.style.setProperty(`--${name}`, value);
  return element;
}

/** Return a member of an object's own; names in definitions may be those of what every object has. */
function own(object, name) {
  return object && Object.hasOwn(object, name) ? object[name] : undefined;
}

function byId(id) {
  return document.getElementById(id);
}

/** Show children in place of what an element has, and keep the focus on the part of the same name. */
function fill(element, ...children) {
  const active = document.activeElement;
  const name = element.contains(active) ? active.dataset.part : undefined;
  const range = name && "selectionStart" in active ? selectionOf(active) : null;
  element.replaceChildren(...present(children));
  if (!name) return;
  const again = [...element.querySelectorAll("[data-part]")].find((part) => part.dataset.part === name);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (range && again.setSelectionRange && range[0] !== null) again.setSelectionRange(...range);
}

function selectionOf(input) {
  try {
    return [input.selectionStart, input.selectionEnd];
  } catch {
    return null; // an input that has no selection
  }
}

function button(text, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, text);
}

/** Say something to those who do not see the page. */
let lastSaid = 0;
function announce(text) {
  clearTimeout(lastSaid);
  lastSaid = setTimeout(() => { byId("announcer").textContent = text; }, 400);
}

/** Return a function that calls another once it has not been called for some milliseconds. */
function settled(action, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds, ...values);
  };
}
