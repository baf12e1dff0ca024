"use strict";
// The scripts of the page run once it has been painted: the text is there to be read while they load.
{
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    for (const waiting of document.querySelectorAll("script.later")) {
      const script = document.createElement("script");
      script.textContent = waiting.textContent;
      document.body.append(script);
    }
  };
  requestAnimationFrame(() => setTimeout(begin));
  setTimeout(begin, 500); // a page that is not in sight is never painted
}
