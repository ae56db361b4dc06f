namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>fleetops_chat_template</c>.</summary>
internal sealed class ChatTemplateHandle(nint template, ModelHandle model) : LlamaHandle(template, model)
{
    protected override void Free(nint pointer) => ShimNative.fleetops_chat_template_free(pointer);
}
