// Opens every thread of replies that is shown and not open to its end; answers how many they were.
() => {
  const shown = [...document.querySelectorAll('[data-e2e^="view-more"]')].filter(
    (one) => one.getClientRects().length > 0,
  );
  shown.forEach((one) => one.click());
  return shown.length;
};
