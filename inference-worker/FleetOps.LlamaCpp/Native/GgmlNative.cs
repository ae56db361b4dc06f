using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>
/// The functions of <c>ggml-backend.h</c> that are used. A symbol of ggml is found through libllama, which depends on it.
/// </summary>
internal static unsafe partial class GgmlNative
{
    private const string Library = LlamaNative.Library;

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial void ggml_backend_load_all_from_path(string directory);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint ggml_backend_load(string path);
    [LibraryImport(Library)] public static partial nuint ggml_backend_reg_dev_count(nint registration);
    [LibraryImport(Library)] public static partial nuint ggml_backend_dev_count();
    [LibraryImport(Library)] public static partial nint ggml_backend_dev_get(nuint index);
    [LibraryImport(Library)] public static partial void ggml_backend_dev_get_props(nint device, GgmlBackendDevProps* properties);
    [LibraryImport(Library)] public static partial nint ggml_set_abort_callback(delegate* unmanaged[Cdecl]<byte*, void> callback);
}
