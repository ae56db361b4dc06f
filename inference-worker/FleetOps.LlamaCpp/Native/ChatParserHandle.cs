namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>fleetops_chat_parser</c>, which refers to nothing else.</summary>
internal sealed class ChatParserHandle(nint parser) : LlamaHandle(parser, owner: null)
{
    protected override void Free(nint pointer) => ShimNative.fleetops_chat_parser_free(pointer);
}
