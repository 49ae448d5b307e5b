/**
 * Addresses that scripts of the ComfyUI page import, and what each exports.
 *
 * The values are those of `comfyAPI.<module>`, which src/compat/modules.ts fills before any script runs.
 */
export const SHIMS = {
  "scripts/app.js": ["app", "app ComfyApp sanitizeNodeName"],
  "scripts/api.js": ["api", "api ComfyApi PromptExecutionError UnauthorizedError"],
  "scripts/widgets.js": ["widgets", "ComfyWidgets isValidWidgetType addValueControlWidget addValueControlWidgets updateControlWidgetLabel"],
  "scripts/ui.js": ["ui", "$el ComfyDialog ComfyUI"],
  "scripts/utils.js": ["utils", "clone applyTextReplacements addStylesheet downloadBlob uploadFile prop getStorageValue setStorageValue"],
  "scripts/domWidget.js": ["domWidget", "DOMWidgetImpl ComponentWidgetImpl"],
  "scripts/pnginfo.js": ["pnginfo", "getPngMetadata getFlacMetadata getWebpMetadata getLatentMetadata importA1111"],
  "scripts/changeTracker.js": ["changeTracker", "ChangeTracker"],
  "scripts/defaultGraph.js": ["defaultGraph", "defaultGraph"],
  "scripts/ui/dialog.js": ["dialog", "ComfyDialog"],
  "scripts/ui/settings.js": ["settings", "ComfySettingsDialog"],
  "scripts/ui/utils.js": ["uiUtils", "applyClasses toggleElement"],
  "scripts/ui/toggleSwitch.js": ["toggleSwitch", "toggleSwitch"],
  "scripts/ui/draggableList.js": ["draggableList", "DraggableList"],
  "scripts/ui/imagePreview.js": ["imagePreview", "calculateImageGrid createImageHost"],
  "scripts/ui/menu/index.js": ["menu", "ComfyAppMenu"],
  "scripts/ui/components/button.js": ["button", "ComfyButton"],
  "scripts/ui/components/buttonGroup.js": ["buttonGroup", "ComfyButtonGroup"],
  "scripts/ui/components/splitButton.js": ["splitButton", "ComfySplitButton"],
  "scripts/ui/components/popup.js": ["popup", "ComfyPopup"],
  "scripts/ui/components/asyncDialog.js": ["asyncDialog", "ComfyAsyncDialog"],
  "extensions/core/groupNode.js": ["groupNode", "GroupNodeConfig GroupNodeHandler"],
  "extensions/core/widgetInputs.js": ["widgetInputs", "mergeIfValid setWidgetConfig"],
  "extensions/core/clipspace.js": ["clipspace", "ClipspaceDialog"],
};

/** The text of one of these files. */
export const shimText = ([module, names]) =>
  `/** What scripts for the ComfyUI page find here; given by Latent Loom. */\nexport const { ${names.replaceAll(" ", ", ")} } = globalThis.comfyAPI.${module};\n`;
