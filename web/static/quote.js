// Copies what is selected, or a paragraph, with its citation. The citation itself is on the page, for all who have no script.
"use strict";
{
  const citation = document.getElementById("citation");
  const paragraphs = [...document.querySelectorAll(".paragraph-text")];

  // The text of a part of the page, without the controls in it.
  function plain(part) {
    for (const control of part.querySelectorAll(".anchor, .copy")) control.remove();
    return part.textContent.trim();
  }

  // What is selected of each paragraph, and the first of them that has any; nothing where none is touched.
  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const parts = paragraphs.filter((each) => range.intersectsNode(each)).map((paragraph) => {
      const part = document.createRange();
      part.selectNodeContents(paragraph);
      if (paragraph.contains(range.startContainer)) part.setStart(range.startContainer, range.startOffset);
      if (paragraph.contains(range.endContainer)) part.setEnd(range.endContainer, range.endOffset);
      return { paragraph, text: plain(part.cloneContents()) };
    }).filter(({ text }) => text);
    return parts.length ? { paragraph: parts[0].paragraph, text: parts.map(({ text }) => text).join("\n\n") } : null;
  }

  // The address at the end of the citation ends with #p, where the paragraph's number belongs.
  function quotation({ paragraph, text }) {
    const source = citation.dataset.paragraph;
    const at = source.lastIndexOf("#p") + 2;
    return `“${text}”\n${source.slice(0, at)}${paragraph.id.slice(1)}${source.slice(at)}`;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // there is no clipboard where the page did not come safely
      const box = document.createElement("textarea");
      box.value = text;
      box.className = "unseen";
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
  }

  function control(className, text, label, quoted) {
    const button = document.createElement("button");
    let back = 0;
    button.type = "button";
    button.lang = "en";
    button.dir = "ltr";
    button.className = className;
    button.textContent = text;
    button.setAttribute("aria-label", label);
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // what is selected stays so
    button.addEventListener("click", async () => {
      const found = quoted();
      if (!found) return;
      await copy(quotation(found));
      button.textContent = said.textContent = "Copied";
      clearTimeout(back);
      back = setTimeout(() => { button.textContent = text; said.textContent = ""; }, 2000);
    });
    return button;
  }

  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("role", "status");
  const quote = control("quote", "Copy with citation", "Copy what is selected with its citation", selected);
  quote.hidden = true;
  document.querySelector("main").append(said, quote);

  for (const paragraph of paragraphs) {
    const label = `Copy paragraph ${paragraph.id.slice(1)} with its citation`;
    const quoted = () => ({ paragraph, text: plain(paragraph.cloneNode(true)) });
    paragraph.append(control("copy", "Copy", label, quoted));
  }

  document.addEventListener("selectionchange", () => { quote.hidden = !selected(); });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "c" || quote.hidden || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    quote.click();
  });
}
