// What a reader would see: walls and dialogs over the page, and threads that are still closed.
() => {
  const CAPTCHA = [
    '[id*="captcha-verify"]', ".captcha-verify-container", ".captcha_verify_container",
    '[id^="captcha_container"]', "#captcha-verify-image", '[class*="secsdk-captcha"]',
    "#tiktok-verify-ele",
  ].join(",");
  const isShown = (one) => one.getClientRects().length > 0;
  const some = (selector) => [...document.querySelectorAll(selector)].some(isShown);
  const text = document.body ? document.body.innerText : "";
  return {
    captcha: some(CAPTCHA),
    login: text.includes("Log in to TikTok"),
    dialog: some('[role="dialog"], [data-e2e="modal-close-inner-button"]'),
    replies: [...document.querySelectorAll('[data-e2e^="view-more"]')].filter(isShown).length,
  };
};
