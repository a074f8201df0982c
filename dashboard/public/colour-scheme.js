// Sets the colours before anything is drawn, so that nothing flashes. Outside the bundle because it must run first.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem('sallyport-colours');
  } catch {
    // Storage may be forbidden; the system's colours are used.
  }
  const isDark = kept === 'dark' || (kept !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
})();
