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

  // The names of the files that were chosen, in the words of the page.
  const chosen = () => document.querySelectorAll(".lt-upload").forEach((box) => {
    const name = box.querySelector(".lt-upload-name");
    name.textContent = [...box.querySelector("input").files].map((f) => f.name).join(", ") || name.dataset.none;
  });
  document.addEventListener("change", chosen);
  document.addEventListener("htmx:after:swap", chosen);
  addEventListener("pageshow", chosen); // a way back brings the files with it

  // What is wider than the screen fades at the side where there is more of it.
  const wide = ".lt-scroll, .lt-wide-table";
  const edges = (box) => {
    const left = box.scrollWidth - box.clientWidth - box.scrollLeft;
    box.classList.toggle("lt-more", left > 1);
    box.classList.toggle("lt-before", box.scrollLeft > 1);
  };
  const sizes = new ResizeObserver((list) => list.forEach((entry) => {
    const box = entry.target.closest(wide); // none when the page put something else in its place
    if (box) edges(box);
  }));
  const watch = () => document.querySelectorAll(wide).forEach((box) => {
    edges(box);
    sizes.observe(box);
    if (box.firstElementChild) sizes.observe(box.firstElementChild);
  });
  document.addEventListener("scroll", (e) => e.target.matches?.(wide) && edges(e.target), true);
  document.addEventListener("htmx:after:swap", watch);
  watch();

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

  // The questions that follow from an answer come for what stood in the form then: what
  // was typed since stays.
  document.addEventListener("htmx:before:swap", (e) => {
    const { sourceElement: form, request } = e.detail.ctx;
    if (!form.matches("form[hx-post]")) return;
    for (const field of form.elements) {
      if (!field.matches("input:not([type=hidden], [type=radio], [type=checkbox], [type=file]), textarea") || field.value === request.body.get(field.name)) continue;
      for (const { fragment } of e.detail.tasks) {
        const next = fragment.querySelector(`[name="${CSS.escape(field.name)}"]`);
        if (next?.matches("textarea")) next.textContent = field.value;
        else next?.setAttribute("value", field.value);
      }
    }
  });

  // A form that somebody types in stays on its page until the answer is here: a browser
  // that loses the connection in the middle shows a page of its own and forgets what was
  // typed. The answer names the page to go on to, or is the page to show instead.
  let telling;
  const tell = (text) => {
    const lost = document.getElementById("lost");
    clearTimeout(telling); // what was to be told before is no longer so
    lost.textContent = "";
    if (text) telling = setTimeout(() => { lost.textContent = lost.dataset[text]; }, 50); // a text that changes is read out again
  };
  const sent = new Set(); // forms on their way: pressed again they are not sent again
  const show = (html, at) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    document.title = page.title;
    document.documentElement.lang = page.documentElement.lang;
    document.body.replaceWith(page.body);
    history.replaceState(null, "", at);
    htmx.process(document.body);
    scrollTo(0, 0);
    (document.getElementById("errors") || document.getElementById("main")).focus();
  };
  addEventListener("submit", async (e) => {
    const form = e.target;
    if (e.defaultPrevented || !form.matches(".lt-form[method=post]")) return;
    e.preventDefault();
    if (sent.has(form)) return;
    sent.add(form);
    const data = new FormData(form, e.submitter);
    const files = form.enctype === "multipart/form-data";
    const slow = setTimeout(tell, 2000, "sending");
    try {
      const answer = await fetch(form.getAttribute("action"), { // form.action may be a field of that name
        method: "POST", body: files ? data : new URLSearchParams(data), headers: { "Lienthong-Stay": "1" },
        signal: AbortSignal.timeout(files ? 600000 : 30000),
      });
      const to = answer.headers.get("Location");
      const kept = answer.status === 413 ? "large" : answer.status >= 500 || answer.status === 429 ? "busy" : "";
      if (to) location.assign(to);
      else if (!kept) show(await answer.text(), answer.url);
      else sent.delete(form);
      tell(kept);
    } catch {
      sent.delete(form);
      tell("gone");
    } finally {
      clearTimeout(slow);
    }
  });
  addEventListener("pageshow", (e) => {
    if (e.persisted) sent.clear(); // the way back led to the page as it was left
  });
  addEventListener("online", () => {
    if (document.getElementById("lost").textContent) tell("back");
  });
})();
