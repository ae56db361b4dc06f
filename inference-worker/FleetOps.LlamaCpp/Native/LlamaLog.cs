using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace FleetOps.LlamaCpp.Native;

/// <summary>
/// llama.cpp's log, which is one for the process and arrives in fragments from any thread. Fragments are joined to lines,
/// which go to the listener and to the captures that are open: a failing call says why in the log only.
/// </summary>
internal static unsafe class LlamaLog
{
    private const int Continuation = 5;

    // A call that logs without end must not fill the memory of a capture.
    private const int CapturedLines = 64;

    private static readonly Lock Gate = new();
    private static readonly List<List<(LlamaLogLevel Level, string Line)>> Captures = [];
    private static Action<LlamaLogLevel, string>? _listener;
    private static Action<string>? _abortListener;

    [ThreadStatic]
    private static StringBuilder? _fragments;

    [ThreadStatic]
    private static LlamaLogLevel _fragmentLevel;

    /// <summary>Installs the callbacks. Exceptions of the listeners are dropped: they could not cross native frames.</summary>
    public static void Listen(Action<LlamaLogLevel, string>? listener, Action<string>? abortListener)
    {
        _listener = listener;
        _abortListener = abortListener;
        LlamaNative.llama_log_set(&OnFragment, null);
        GgmlNative.ggml_set_abort_callback(&OnAbort);
    }

    /// <summary>Collects what is logged while <paramref name="call"/> runs, on whatever thread.</summary>
    public static T Capture<T>(List<(LlamaLogLevel Level, string Line)> lines, Func<T> call)
    {
        using (Capture(lines))
        {
            return call();
        }
    }

    /// <summary>Collects what is logged until what it gives is disposed, on whatever thread.</summary>
    public static OpenCapture Capture(List<(LlamaLogLevel Level, string Line)> lines)
    {
        lock (Gate)
        {
            Captures.Add(lines);
        }

        return new OpenCapture(lines);
    }

    /// <summary>The errors among the captured lines, or the warnings when there are none, as one line.</summary>
    public static string Summary(List<(LlamaLogLevel Level, string Line)> lines)
    {
        lock (Gate)
        {
            var level = lines.Exists(static line => line.Level == LlamaLogLevel.Error) ? LlamaLogLevel.Error : LlamaLogLevel.Warning;
            var text = string.Join("; ", lines.Where(line => line.Level == level).Select(static line => WithoutFunction(line.Line)).Distinct(StringComparer.Ordinal));
            return text.Length == 0 ? "llama.cpp gave no reason" : text;
        }
    }

    // "llama_model_load: error loading model: …" names a C++ function that tells an operator nothing.
    private static string WithoutFunction(string line)
    {
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        return colon > 0 && !line.AsSpan(0, colon).ContainsAny(' ', '/') ? line[(colon + 2)..].Trim() : line.Trim();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFragment(int level, byte* text, void* userData)
    {
        try
        {
            var fragments = _fragments ??= new StringBuilder();
            if (level != Continuation)
            {
                // A new line begins though the one before was never ended.
                Flush(fragments);
                _fragmentLevel = (LlamaLogLevel)level;
            }

            fragments.Append(Marshal.PtrToStringUTF8((nint)text));
            if (fragments.Length > 0 && fragments[^1] == '\n')
            {
                Flush(fragments);
            }
        }
#pragma warning disable CA1031 // Nothing may be thrown into native frames.
        catch (Exception)
#pragma warning restore CA1031
        {
            // A listener that fails loses its line.
        }
    }

    private static void Flush(StringBuilder fragments)
    {
        // Some messages are lists of several lines; they belong together.
        var line = fragments.ToString().TrimEnd().ReplaceLineEndings(" ");
        fragments.Clear();
        if (line.Length == 0)
        {
            return;
        }

        lock (Gate)
        {
            foreach (var capture in Captures)
            {
                if (capture.Count < (_fragmentLevel >= LlamaLogLevel.Error ? 2 * CapturedLines : CapturedLines))
                {
                    capture.Add((_fragmentLevel, line));
                }
            }
        }

        _listener?.Invoke(_fragmentLevel, line);
    }

    internal readonly ref struct OpenCapture(List<(LlamaLogLevel Level, string Line)> lines)
    {
        public void Dispose()
        {
            lock (Gate)
            {
                Captures.Remove(lines);
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAbort(byte* message)
    {
        try
        {
            _abortListener?.Invoke(Marshal.PtrToStringUTF8((nint)message) ?? "");
        }
#pragma warning disable CA1031 // Nothing may be thrown into native frames, and the process ends anyway.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The process is about to end; there is nobody left to tell.
        }
    }
}
