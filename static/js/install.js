// Pages that name a manifest can be installed; the service worker only keeps the page for no connection.
export function startInstall() {
  if (!document.querySelector('link[rel="manifest"]') || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
