// Notes at every frame where the controls and headings of the page stand, until `window.stopWatching()`.
() => {
  const seen = new Map();
  const LOOKED_AT = "input:not([type=hidden]), textarea, button, a[href], h1, h2, h3, h4, summary, [role=tab]";
  let frames = 0;
  let is_watching = true;
  const name_of = (element) => {
    const label = element.getAttribute("aria-label") || element.innerText || element.labels?.[0]?.innerText || "";
    return label.trim() && `${element.tagName.toLowerCase()} "${label.trim().replace(/\s+/g, " ").slice(0, 60)}"`;
  };
  const look = () => {
    if (!is_watching) return;
    frames += 1;
    const main = document.querySelector("[data-testid=stMain]");
    const counted = new Map();
    for (const element of main?.querySelectorAll(LOOKED_AT) ?? []) {
      const name = name_of(element);
      const rect = element.getBoundingClientRect();
      if (!name || !rect.width || element.closest("[data-testid=stDataFrame], [data-testid=stElementToolbar], [data-testid=stToast]")) continue;
      const nth = (counted.get(name) ?? 0) + 1;
      counted.set(name, nth);
      const key = `${name} #${nth}`;
      const place = { left: rect.left + main.scrollLeft, top: rect.top + main.scrollTop };
      const before = seen.get(key) ?? { frames: 0, left: [place.left, place.left], top: [place.top, place.top], first: frames };
      before.frames += 1;
      before.last = frames;
      for (const side of ["left", "top"])
        before[side] = [Math.min(before[side][0], place[side]), Math.max(before[side][1], place[side])];
      seen.set(key, before);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  window.stopWatching = () => {
    is_watching = false;
    const faults = [];
    for (const [key, at] of seen) {
      for (const side of ["left", "top"]) {
        const px = at[side][1] - at[side][0];
        if (px > 4) faults.push(`${key} moved by ${Math.round(px)} px (${side} ${at[side].map(Math.round).join(" to ")})`);
      }
      // What is still being drawn when the watch begins is counted from when it is there.
      const late = at.first <= 10 ? at.first - 1 : 0;
      if (at.frames < frames - late) faults.push(`${key} was there in ${at.frames} of ${frames} frames (${at.first} to ${at.last})`);
    }
    return { frames, watched: seen.size, faults };
  };
}
