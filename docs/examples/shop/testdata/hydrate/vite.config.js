// React as it is developed with, which complains of every attribute that differs.
export default {
  mode: "development",
  define: { "process.env.NODE_ENV": '"development"' },
  esbuild: { jsx: "automatic" },
  build: { minify: false, emptyOutDir: false, outDir: "dist", rollupOptions: { output: { entryFileNames: "[name].js" } } },
};
