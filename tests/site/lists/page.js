// What a page of TikTok's does by itself: it fetches its list as somebody scrolls, and shows it.
"use strict";
(() => {
  const config = JSON.parse(document.getElementById("site-list").textContent);
  const main = document.querySelector("main");
  const scroller = config.inner ? main : window;
  const frame = config.inner ? main : document.documentElement;
  const opened = String(7e18 + Math.floor(Math.random() * 1e17));

  const fetchJson = async (path, query) => {
    const common = { aid: "1988", app_name: "tiktok_web", device_id: opened };
    const response = await fetch(`${path}?${new URLSearchParams({ ...common, ...query })}`);
    return JSON.parse(await response.text());
  };
  const element = (name, marker, text) => {
    const made = document.createElement(name);
    if (marker) made.dataset.e2e = marker;
    made.textContent = text;
    return made;
  };
  const overlay = (html) => {
    const made = document.createElement("div");
    made.className = "overlay";
    made.innerHTML = html;
    document.body.append(made);
    return made;
  };

  class Pager {
    constructor(source, box, show) {
      Object.assign(this, { source, box, show, cursor: "0", number: 1 });
      Object.assign(this, { hasMore: true, isLoading: false, isOver: false, searchId: "" });
    }

    async load(count = this.source.count) {
      if (this.isLoading || this.isOver || !this.hasMore) return;
      this.isLoading = true;
      try {
        if (this.number >= config.at && (await wall(this))) return;
        const query = { ...this.source.query, count, cursor: this.cursor };
        if (this.searchId) query.search_id = this.searchId;
        await this.take(await fetchJson(this.source.path, query));
      } catch (error) {
        // Scrolling on asks again, as on TikTok's pages.
        this.box.append(element("p", "", "Something went wrong"));
      } finally {
        this.isLoading = false;
      }
    }

    async take(data) {
      const status = data.statusCode || data.status_code || 0;
      if (data.type === "verify" || status) {
        this.isOver = true;
        return refused(data);
      }
      const rows = data[this.source.list] || [];
      rows.forEach((row) => this.box.append(this.show(row)));
      this.hasMore = Boolean(data.hasMore ?? data.has_more) || config.behaviour === "false_end";
      this.cursor = String(data.cursor ?? this.cursor);
      this.searchId = data.rid || "";
      if (rows.length) this.number += 1;
      config.others.forEach((other) => fetchJson(other.path, other.query).catch(() => {}));
      if (rows.length && isNearEnd()) setTimeout(() => this.load(), 0);
    }
  }

  const isNearEnd = () => frame.scrollTop + frame.clientHeight * 2 > frame.scrollHeight;

  const captcha = async () => {
    await fetchJson("/captcha/get", { lang: "en" }).catch(() => {});
    overlay(config.slider);
  };
  const refused = (data) => {
    if (config.behaviour === "captcha_overlay") return captcha();
    if (config.behaviour === "login_leave") location.href = config.login;
  };
  // Walls that the page puts up by itself. Answers whether the list stops there.
  const wall = async (pager) => {
    if (config.behaviour === "captcha_leave") location.href = "/captcha/verify";
    else if (config.behaviour === "login_overlay") overlay("<h2>Log in to TikTok</h2>");
    else if (config.behaviour === "login_dialog") return dialog();
    else return false;
    pager.isOver = true;
    return true;
  };
  let dialogs = 0;
  const dialog = () => {
    if (dialogs === 0) {
      dialogs = 1;
      const shown = overlay(config.dialog);
      const close = () => {
        shown.remove();
        dialogs = 2;
      };
      shown.querySelector("button").onclick = close;
      addEventListener("keydown", (event) => event.key === "Escape" && close());
    }
    return dialogs === 1;
  };

  const showPost = (item) => element("div", config.marker, item.desc || item.id);
  const showResult = (row) => {
    const user = row.user_info || (row.user_list && row.user_list[0].user_info);
    return element("div", config.marker, user ? user.unique_id : (row.item || row).desc || "");
  };
  const showComment = (comment) => {
    const made = element("div", "", "");
    made.append(element("p", "comment-level-1", comment.text));
    if (comment.reply_comment_total) made.append(repliesOf(comment));
    return made;
  };
  const repliesOf = (comment) => {
    const box = element("div", "", "");
    const query = { item_id: comment.aweme_id, comment_id: comment.cid };
    const source = { path: "/api/comment/list/reply/", list: "comments", query, count: 20 };
    const pager = new Pager(source, box, (reply) => element("p", "comment-level-2", reply.text));
    let left = comment.reply_comment_total;
    const more = element("button", "view-more-1", `View ${left} replies`);
    more.onclick = async () => {
      const before = box.children.length;
      await pager.load(before ? 20 : 3);
      left -= box.children.length - before;
      more.textContent = `View ${left} more`;
      if (!pager.hasMore) more.remove();
    };
    const both = element("div", "", "");
    both.className = "css-9kgp5o-DivViewRepliesContainer";
    both.append(box, more);
    return both;
  };

  const begin = () => {
    const box = main.querySelector(`[data-e2e="${config.box}"]`);
    const shows = { comments: showComment, results: showResult, posts: showPost };
    const pager = new Pager(config.source, box, shows[config.shows]);
    box.hidden = false;
    config.inlineItems.forEach((item) => box.append(pager.show(item)));
    for (const event of ["scroll", "wheel"]) {
      scroller.addEventListener(event, () => isNearEnd() && pager.load(), { passive: true });
    }
    pager.load();
  };
  // Comments wait for a click, in the newer layout for another one on their tab.
  const beginByClicks = () => {
    const tab = main.querySelector('[role="tab"]#comments');
    const last = config.tab ? tab : main.querySelector('[data-e2e="comment-icon"]');
    if (config.tab) {
      main.querySelector('[data-e2e="comment-icon"]').onclick = () => {
        tab.parentElement.hidden = false;
      };
    }
    last.addEventListener("click", begin, { once: true });
  };

  const start = async () => {
    if (config.detail) await fetchJson(config.detail.path, config.detail.query);
    if (config.related) fetchJson(config.related.path, config.related.query).catch(() => {});
    if (config.byClicks) beginByClicks();
    else begin();
  };
  start();
})();
