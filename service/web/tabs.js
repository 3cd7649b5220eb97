/** Tabs as the ARIA Authoring Practices have them: arrow keys move, the address keeps the choice. */

import { readAddress } from "./address.js";

/**
 * Make the tabs in `list` switch their panels; each panel "panel-x" has the address "#x", and "#x?…" of what it shows.
 *
 * A panel hears the event "shown" when it comes up. The answer's `hide(isWithout)` hides the tabs of
 * the panels for which `isWithout(panel)` holds, and shows the others.
 */
export function startTabs(list) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const nameOf = (tab) => tab.id.replace(/^tab-/, "");

  const visible = () => all.filter((tab) => !tab.hidden);

  const select = (chosen) => {
    const wasHidden = panelOf(chosen).hidden;
    for (const tab of all) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panelOf(tab).hidden = !isChosen;
    }
    document.title = `${chosen.textContent} · RNN service`;
    if (wasHidden) panelOf(chosen).dispatchEvent(new Event("shown"));
  };

  const fromAddress = () => visible().find((tab) => nameOf(tab) === readAddress().name) ?? visible()[0] ?? all[0];

  const choose = (tab) => {
    select(tab);
    history.replaceState(null, "", `#${nameOf(tab)}`);
  };

  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const tabs = visible();
    const at = tabs.indexOf(document.activeElement);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = tabs[(steps[event.key] + tabs.length) % tabs.length];
    next.focus();
    choose(next);
  });
  addEventListener("hashchange", () => select(fromAddress()));
  select(fromAddress());

  const hide = (isWithout) => {
    for (const tab of all) tab.hidden = isWithout(panelOf(tab));
    select(fromAddress());
  };
  return { hide };
}
