// What scripts add to pages that work without them.
(() => {
  "use strict";
  document.documentElement.classList.remove("no-js");

  // The first thing to read after a refused form is what was wrong.
  const errors = document.getElementById("errors");
  if (errors) errors.focus();

  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-print]");
    if (button) window.print();
  });

  // Alt and a letter leads to what has it as access key, where the browser itself
  // wants other keys for that.
  document.addEventListener("keydown", (e) => {
    if (!e.altKey || e.ctrlKey || e.metaKey) return;
    const to = document.querySelector(`[accesskey="${CSS.escape(e.key.toLowerCase())}"]`);
    if (!to) return;
    to.focus();
    e.preventDefault();
  });

  // A list that is walked by keys: only while one of its links has the focus.
  document.addEventListener("keydown", (e) => {
    const link = e.target.closest("[data-keys] a");
    if (!link || e.ctrlKey || e.altKey || e.metaKey) return;
    const all = [...link.closest("[data-keys]").querySelectorAll("li > div > a")];
    const at = all.indexOf(link);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
    if (to !== undefined) {
      (all[to] || link).focus();
    } else if (e.key === " ") {
      link.closest("li").querySelector("input[type=checkbox]").click();
    } else return;
    e.preventDefault();
  });

  // A form leaves its page only when somebody answers at the other end: a browser that
  // cannot send it shows a page of its own and forgets what was typed.
  const lost = document.getElementById("lost");
  const tell = (text) => { lost.textContent = text; };
  const forms = new Map(); // "asking": waits for an answer; "sure": goes
  addEventListener("submit", async (e) => {
    const form = e.target;
    if (e.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (forms.get(form) === "sure") {
      forms.delete(form);
      return;
    }
    e.preventDefault();
    if (forms.has(form)) return;
    forms.set(form, "asking");
    try {
      const icon = document.querySelector("link[rel=icon]").href;
      await fetch(icon, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(15000) });
    } catch {
      forms.delete(form);
      tell("");
      setTimeout(tell, 50, lost.dataset.gone); // a text that changes is read out again
      return;
    }
    tell("");
    forms.set(form, "sure");
    if (!e.submitter || e.submitter.form === form) form.requestSubmit(e.submitter);
    forms.delete(form); // also where the form itself refused
  });
  addEventListener("online", () => {
    if (lost.textContent) tell(lost.dataset.back);
  });
})();
