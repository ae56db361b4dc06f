using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>
/// Options that can be given on the command line or as an environment variable: <c>--max-sequences</c> is
/// <c>FLEETOPS_MAX_SEQUENCES</c> too. The command line wins.
/// </summary>
internal static class Setting
{
    /// <summary>Reads one value; null if the text is none.</summary>
    public delegate T? Reader<T>(string text);

    /// <summary>A text, absent by default.</summary>
    public static Option<string?> Text(string name, string placeholder, string description, Func<string?>? fallback = null) =>
        Create<string?>(name, placeholder, description, "a text that is not empty", text => text.Length > 0 ? text : null, fallback ?? (() => null));

    /// <summary>A whole number in a range.</summary>
    public static Option<int> Number(string name, string description, int least, int most, Func<int> fallback)
    {
        var expected = most == int.MaxValue ? $"a whole number from {least}" : $"a whole number from {least} to {most}";
        return Create(name, "N", description, expected, text => Read(text, least, most) ?? throw new FormatException(), fallback);
    }

    /// <summary>A whole number in a range, absent by default.</summary>
    public static Option<int?> OptionalNumber(string name, string description, int least, int most)
    {
        var expected = most == int.MaxValue ? $"a whole number from {least}" : $"a whole number from {least} to {most}";
        return Create(name, "N", description, expected, text => Read(text, least, most), () => null);
    }

    /// <summary>A number in a range, absent by default.</summary>
    public static Option<float?> OptionalReal(string name, string description, float least, float most) => Create<float?>(
        name,
        "X",
        description,
        string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"),
        text => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null,
        () => null);

    /// <summary>Where llama.cpp's libraries are.</summary>
    public static Option<string?> Native() =>
        Text("--native", "DIR", "Folder of the native libraries [default: native/ beside the program]", static () => Path.Combine(AppContext.BaseDirectory, "native"));

    /// <summary>A number of bytes above 0, absent by default.</summary>
    public static Option<long?> OptionalBytes(string name, string description) =>
        Create(name, "BYTES", description, "a number of bytes above 0, with or without Ki, Mi, Gi or Ti", ReadBytes, static () => null);

    /// <summary>The text of the file that an option names.</summary>
    /// <exception cref="WorkerFailedException">It cannot be read.</exception>
    public static string ReadFile(Option option, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"The file of {option.Name} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Refuses a certificate without its key, and a key without its certificate. Returns whether it did.</summary>
    public static bool RefuseHalf(CommandResult result, Option<string?> certificate, Option<string?> key)
    {
        if (result.GetValue(certificate) is null == result.GetValue(key) is null)
        {
            return false;
        }

        var (given, missing) = result.GetValue(key) is null ? (certificate, key) : (key, certificate);
        result.AddError($"{given.Name} is given without {missing.Name}; a certificate and its key go together.");
        return true;
    }

    /// <summary>One of the names of an enumeration, in any case.</summary>
    public static Option<T> Choice<T>(string name, string description, Func<T> fallback)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>();
        return Create(
            name,
            string.Join('|', names),
            description,
            $"one of {string.Join(", ", names)}",
            text => names.Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true) : throw new FormatException(),
            fallback);
    }

    /// <summary>One of the names of an enumeration, in any case; absent by default.</summary>
    public static Option<T?> OptionalChoice<T>(string name, string description)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>();
        return Create<T?>(
            name,
            string.Join('|', names),
            description,
            $"one of {string.Join(", ", names)}",
            text => names.Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true) : null,
            () => null);
    }

    /// <summary>Any number of values of any kind: the option is repeated; the environment variable has commas between them.</summary>
    /// <inheritdoc cref="Create"/>
    public static Option<T[]> Many<T>(string name, string placeholder, string description, string expected, Reader<T> read)
        where T : class
    {
        var variable = VariableName(name);
        return new Option<T[]>(name)
        {
            Description = $"{description}; may be repeated [env: {variable}]",
            HelpName = placeholder,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => ParseAll(result, name, result.Tokens.Select(static token => token.Value), expected, read),
            DefaultValueFactory = result => ParseAll(
                result, variable, (Environment.GetEnvironmentVariable(variable) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), expected, read),
        };
    }

    /// <summary>Any kind of value.</summary>
    /// <param name="name">Name on the command line.</param>
    /// <param name="placeholder">What help shows for the value.</param>
    /// <param name="description">What help says.</param>
    /// <param name="expected">What a value must be, for the message about one that is wrong.</param>
    /// <param name="read">Reads a value; null or a <see cref="FormatException"/> if the text is none.</param>
    /// <param name="fallback">The value if none is given.</param>
    public static Option<T> Create<T>(string name, string placeholder, string description, string expected, Reader<T> read, Func<T> fallback)
    {
        var variable = VariableName(name);
        return new Option<T>(name)
        {
            Description = $"{description} [env: {variable}]",
            HelpName = placeholder,
            CustomParser = result => Parse(result, name, result.Tokens[^1].Value, expected, read),
            DefaultValueFactory = result => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
                ? Parse(result, variable, text, expected, read)!
                : fallback(),
        };
    }

    /// <summary>The environment variable that stands for an option.</summary>
    public static string VariableName(string name) =>
        "FLEETOPS_" + name.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    private static T[] ParseAll<T>(ArgumentResult result, string given, IEnumerable<string> texts, string expected, Reader<T> read)
        where T : class => [.. texts.Select(text => Parse(result, given, text, expected, read)).OfType<T>()];

    private static T? Parse<T>(ArgumentResult result, string given, string text, string expected, Reader<T> read)
    {
        try
        {
            if (read(text) is { } value)
            {
                return value;
            }
        }
        catch (FormatException)
        {
            // Told below, like a null.
        }

        result.AddError($"{given} is '{text}'; it must be {expected}.");
        return default;
    }

    private static int? Read(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    private static long? ReadBytes(string text)
    {
        string[] units = ["Ki", "Mi", "Gi", "Ti"];
        var unit = Array.FindIndex(units, ending => text.EndsWith(ending, StringComparison.Ordinal));
        var digits = unit < 0 ? text : text[..^2];
        var shift = 10 * (unit + 1);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= long.MaxValue >> shift
            ? number << shift
            : null;
    }
}
