// What of the page's text cannot be read whole, and what makes the page scroll sideways.
// `skipped` names elements that scroll or shorten by themselves, and are meant to.
(skipped) => {
  const faults = [];
  const left_out = (element) => element.closest(skipped.join(","));
  const is_for_readers_only = (rect) => rect.width <= 1 || rect.height <= 1;
  const where = (element) => {
    const named = element.closest("[data-testid], [class*=st-key-]");
    const key = [...(element.closest("[class*=st-key-]")?.classList ?? [])].find((name) => name.startsWith("st-key-"));
    return `${named?.dataset.testid ?? element.tagName.toLowerCase()}${key ? "." + key : ""}`;
  };
  const tell = (what, text, element, px) =>
    faults.push(`${what} by ${Math.round(px)} px: "${text.trim().slice(0, 70)}" in ${where(element)}`);
  const inside = (element) => {
    const box = element.getBoundingClientRect();
    const left = box.left + element.clientLeft, top = box.top + element.clientTop;
    return { left, top, right: left + element.clientWidth, bottom: top + element.clientHeight };
  };
  const clipped = (element, rect) => {
    let is_scrolled = false; // what lies below the fold can be scrolled to
    for (let outer = element; outer && outer !== document.body; outer = outer.parentElement) {
      const style = getComputedStyle(outer);
      if (style.display === "inline" || style.display === "contents") continue;
      const room = inside(outer);
      if (style.overflowX !== "visible" && is_for_readers_only(outer.getBoundingClientRect())) return null;
      if (style.overflowX !== "visible") {
        const px = Math.max(rect.right - room.right, room.left - rect.left);
        if (px > 1) return ["cut at the side", px];
      }
      is_scrolled ||= style.overflowY === "auto" || style.overflowY === "scroll";
      if (!is_scrolled && (style.overflowY === "hidden" || style.overflowY === "clip")) {
        const px = Math.max(rect.bottom - room.bottom, room.top - rect.top);
        if (px > 3) return ["cut above or below", px];
      }
      if (style.position === "fixed") break;
    }
    return null;
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || left_out(element)) continue;
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 0);
    if (!rects.length || rects.some(is_for_readers_only)) continue;
    let cut = null;
    for (const rect of rects) cut = cut ?? clipped(element, rect);
    if (cut) { tell(cut[0], node.data, element, cut[1]); continue; }
    let block = element;
    while (getComputedStyle(block).display === "inline" && block.parentElement) block = block.parentElement;
    if (block.clientWidth && block.scrollWidth > block.clientWidth + 1)
      tell("wider than its box", node.data, block, block.scrollWidth - block.clientWidth);
  }

  const ruler = document.createElement("canvas").getContext("2d");
  for (const input of document.querySelectorAll("input[placeholder], textarea[placeholder]")) {
    if (input.value || !input.placeholder || left_out(input) || !input.checkVisibility()) continue;
    const style = getComputedStyle(input);
    ruler.font = style.font;
    const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const lines = input.tagName === "TEXTAREA" ? Math.max(1, Math.floor(input.clientHeight / 20) - 1) : 1;
    const px = ruler.measureText(input.placeholder).width - room * lines;
    if (px > 1) tell("placeholder is cut", input.placeholder, input, px);
  }

  for (const [name, element] of [
    ["the page", document.scrollingElement],
    ["the main part", document.querySelector("[data-testid=stMain]")],
    ["the sidebar", document.querySelector("[data-testid=stSidebar]:not([data-collapsed=true]) [data-testid=stSidebarContent]")],
  ])
    if (element && element.scrollWidth > element.clientWidth + 1)
      faults.push(`${name} scrolls sideways by ${element.scrollWidth - element.clientWidth} px`);
  return [...new Set(faults)];
}
