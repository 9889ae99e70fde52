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
})();
