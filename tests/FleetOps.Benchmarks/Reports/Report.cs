using System.Globalization;
using System.Text.Json;

namespace FleetOps.Benchmarks.Reports;

/// <summary>The figures of one run: a table for people and a JSON file for programs. Thread-safe for nobody: one figure is measured at a time.</summary>
internal sealed class Report(string name)
{
    /// <summary>By how much two programs of the same speed may seem to differ on a machine whose own speed drifts.</summary>
    public const double Tolerance = 0.03;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<Figure> _figures = [];

    /// <summary>Adds a figure that must not exceed <paramref name="most"/> by more than <paramref name="tolerance"/>, a share of it.</summary>
    public void AtMost(string figure, double value, string unit, double most, double tolerance = 0) =>
        Add(new(figure, Rounded(value), unit, $"<= {Goal(most, tolerance)}", value <= most * (1 + tolerance)));

    /// <summary>Adds a figure that must reach <paramref name="least"/>, or miss it by no more than <paramref name="tolerance"/>, a share of it.</summary>
    public void AtLeast(string figure, double value, string unit, double least, double tolerance = 0) =>
        Add(new(figure, Rounded(value), unit, $">= {Goal(least, tolerance)}", value >= least * (1 - tolerance)));

    /// <summary>Adds the median of several runs, and by how much of it they lie apart.</summary>
    public void Spread(string figure, IEnumerable<double> runs, string unit)
    {
        var values = runs.ToArray();
        var median = values.Median();
        Info(figure, median, unit);
        Info($"{figure}, slowest to fastest run", 100 * (values.Max() - values.Min()) / median, "%");
    }

    /// <summary>Adds a number that explains others.</summary>
    public void Info(string figure, double value, string unit) => Add(new(figure, Rounded(value), unit));

    /// <summary>Writes the file and prints the table. What an interrupted run had measured is in both.</summary>
    public void Close()
    {
        var path = Repository.Path("artifacts", "bench", name + ".json");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(_figures, Json) + "\n");
        var width = _figures.Select(f => f.Name.Length).Append(6).Max();
        Console.WriteLine();
        Console.WriteLine($"{"figure".PadRight(width)}  {"value",12} {"unit",-12} {"goal",-14} met");
        foreach (var figure in _figures)
        {
            var met = figure.Met switch { true => "yes", false => "NO", null => "" };
            Console.WriteLine($"{figure.Name.PadRight(width)}  {Text(figure.Value),12} {figure.Unit,-12} {figure.Goal,-14} {met}");
        }

        var unmet = _figures.Count(f => f.Met == false);
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_figures.Count(f => f.Met == true)} goals met, {unmet} not met; {Repository.Relative(path)}"));
    }

    private void Add(Figure figure)
    {
        _figures.Add(figure);
        Progress.Say($"{figure.Name}: {Text(figure.Value)} {figure.Unit}{(figure.Goal is null ? "" : $" (goal {figure.Goal})")}");
    }

    private static string Goal(double goal, double tolerance) => tolerance == 0 ? Text(goal) : $"{Text(goal)} +-{Text(100 * tolerance)}%";

    private static double Rounded(double value) => Math.Abs(value) >= 1000 ? Math.Round(value) : Math.Round(value, 3);

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
