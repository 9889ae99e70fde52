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
})();
